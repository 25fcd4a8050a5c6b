"""``janitor experiments clean``: what died while it ran is marked as interrupted."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.local_options import state_dir_option


@click.command("clean", cls=Command)
@state_dir_option
@click.option("--dry-run", is_flag=True, help="Say what would be marked, and change nothing.")
@click.option(
    "--gone",
    metavar="ID",
    multiple=True,
    help="An experiment whose process you know is gone, on another machine say; repeatable.",
)
def command(*, state_dir: Path, dry_run: bool, gone: tuple[str, ...]) -> None:
    """Mark experiments as interrupted that say they run while their processes are gone.

    What may still run, on another machine say, is left alone.
    """
    from janitor.experiments import StateManager  # noqa: PLC0415 - `--help` needs no pydantic

    manager = StateManager(state_dir, rescues=not dry_run)
    word = "would be interrupted" if dry_run else "interrupted"
    for name in gone:
        if not dry_run:
            manager.update(name, lambda state: state.interrupt(manager.now()), alive=False)
        click.echo(f"{name}  {word}: by your word")
    stale = manager.find_stale() if dry_run else manager.cleanup_stale()
    for name in stale:
        if name not in gone:
            click.echo(f"{name}  {word}: its process is gone")
    if not stale and not gone:
        click.echo("nothing to clean")
