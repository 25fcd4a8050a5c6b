"""``janitor sweep resume``: launch again."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import act_on, open_named, store_option, sweep_argument


@click.command("resume", cls=Command)
@sweep_argument
@store_option
@click.option("--reason", metavar="TEXT", default="resumed by a person", help="Why.")
def command(*, sweep: str, store: str | None, reason: str) -> None:
    """Launch again after a pause, by a person or by a brake, which counts from here on."""
    from janitor.errors import UsageError
    from janitor.model.ledger_items import Resumed

    if open_named(store, sweep).ledger.paused is None:
        raise UsageError(f"{sweep} is not paused")
    act_on(store, sweep, Resumed(reason))
    click.echo(f"{sweep} is resumed: the next step launches.")
