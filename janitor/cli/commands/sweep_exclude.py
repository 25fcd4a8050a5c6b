"""``janitor sweep exclude``: hide a trial from the optimizer."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import (
    act_on,
    reason_option,
    require_run,
    store_option,
    sweep_argument,
)


@click.command("exclude", cls=Command)
@sweep_argument
@click.argument("run", metavar="RUN")
@store_option
@reason_option
def command(*, sweep: str, run: str, store: str | None, reason: str) -> None:
    """Hide a trial from the optimizer and the best result. Its configuration stays taken."""
    from janitor.model.ledger_items import Excluded

    require_run(store, sweep, run)
    act_on(store, sweep, Excluded(run, reason))
    click.echo(f"{run} is excluded.")
