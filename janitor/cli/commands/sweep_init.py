"""``janitor sweep init``: write a sweep file for a recipe."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command


@click.command("init", cls=Command)
@click.argument("recipe", metavar="RECIPE")
@click.option("--output", metavar="FILE", help="Where the file goes.  [default: print it]")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def command(*, recipe: str, output: str | None, force: bool) -> None:
    """Write a sweep file for a recipe, package.module:name. It runs as it is.

    Ranges come from the annotations of the recipe's config, everything else from its sweep section.

    \b
    Example:
      janitor sweep init examples.recipes.arena:train --output sweep.yaml
    """
    from janitor.errors import UsageError
    from janitor.sweep.config import SweepConfig
    from janitor.sweep.recipes.recipe import find
    from janitor.sweep.recipes.sweep_file import draft_of

    draft = draft_of(find(recipe))
    SweepConfig.from_document(draft.document, Path.cwd(), str(draft.document["name"]))
    text = draft.text()
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with Path(output).open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{output} exists: add --force to replace it") from None
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error
    click.echo(f"{output} is written: run it with `janitor sweep start {output}`")
