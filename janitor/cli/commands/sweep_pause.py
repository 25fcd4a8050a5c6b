"""``janitor sweep pause``: launch nothing more."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import act_on, store_option, sweep_argument


@click.command("pause", cls=Command)
@sweep_argument
@store_option
@click.option("--reason", metavar="TEXT", default="paused by a person", help="Why.")
def command(*, sweep: str, store: str | None, reason: str) -> None:
    """Launch nothing more until `sweep resume`. Jobs that run go on."""
    from janitor.model.ledger_items import Paused

    act_on(store, sweep, Paused("person", reason))
    click.echo(f"{sweep} is paused.")
