"""``janitor report show``: a report as it was printed."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command


@click.command("show", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Print a .json report: tables on a terminal, plain lines elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - `--help` needs none of it

    from janitor import report as reports  # noqa: PLC0415 - as above
    from janitor.report import render_terminal  # noqa: PLC0415 - as above

    click.echo(render_terminal.render(reports.load(file), Console()), nl=False)
