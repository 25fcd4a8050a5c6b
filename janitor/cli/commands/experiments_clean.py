"""``janitor experiments clean``: mark experiments whose processes are gone as interrupted."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from janitor.cli.command import Command
from janitor.cli.local_options import state_dir_option
from janitor.errors import UsageError
from janitor.model import Liveness

if TYPE_CHECKING:
    from janitor.experiments import ExperimentState


@click.command("clean", cls=Command)
@state_dir_option
@click.option("--dry-run", is_flag=True, help="Preview; no changes are made.")
@click.option(
    "--gone",
    metavar="ID",
    multiple=True,
    help="An experiment whose process you know is gone, for example on another machine."
    " Repeatable.",
)
def command(*, state_dir: Path, dry_run: bool, gone: tuple[str, ...]) -> None:
    """Mark running experiments whose processes are gone as interrupted.

    An experiment that may still run, for example on another machine, is left alone.
    """
    from janitor.experiments import StateManager

    manager = StateManager(state_dir, rescues=not dry_run)
    for name in gone:
        _give_up(manager.load(name), manager.now())
    if not dry_run:
        for name in gone:
            manager.update(name, lambda state: _give_up(state, manager.now()), alive=False)
    word = "would be interrupted" if dry_run else "interrupted"
    for name in gone:
        click.echo(f"{name}  {word}: as requested (--gone)")
    stale = manager.find_stale() if dry_run else manager.cleanup_stale()
    for name in stale:
        if name not in gone:
            click.echo(f"{name}  {word}: its process is gone")
    if not stale and not gone:
        click.echo("nothing to clean")


def _give_up(state: ExperimentState, at: datetime) -> None:
    """Interrupt an experiment by the user's word, where that may be true."""
    from janitor.experiments import ExperimentStatus

    name, seen = state.experiment_id, {state.liveness(), state.owner_liveness()}
    if Liveness.ALIVE in seen:
        raise UsageError(f"experiment {name} is running on this machine: stop it first")
    runs = state.status is ExperimentStatus.RUNNING or state.is_subprocess_running()
    if not runs and state.owner_liveness() is Liveness.DEAD:
        raise UsageError(f"experiment {name} is {state.status}, not running: nothing to clean")
    state.interrupt(at, "its process is gone, according to the user", all_are_gone=True)
