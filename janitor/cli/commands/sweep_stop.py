"""``janitor sweep stop``: end a sweep."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import act_on, store_option, sweep_argument


@click.command("stop", cls=Command)
@sweep_argument
@store_option
@click.option("--now", is_flag=True, help="Also cancel the jobs that run.")
@click.option("--reason", metavar="TEXT", default="stopped by a person", help="Why.")
def command(*, sweep: str, store: str | None, now: bool, reason: str) -> None:
    """End a sweep: no new trials. Jobs that run finish, and are evaluated.

    With --now they are cancelled by the next step: `janitor sweep step SWEEP`, or a running
    `sweep start`.
    """
    from janitor.model.ledger_items import Stopping

    act_on(store, sweep, Stopping(now, "person", reason))
    click.echo(f"{sweep} is stopping: the next step carries it out.")
