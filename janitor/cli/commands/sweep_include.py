"""``janitor sweep include``: undo an exclusion."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import act_on, open_named, store_option, sweep_argument


@click.command("include", cls=Command)
@sweep_argument
@click.argument("name", metavar="RUN")
@store_option
@click.option("--reason", metavar="TEXT", default="included by a person", help="Why.")
def command(*, sweep: str, name: str, store: str | None, reason: str) -> None:
    """Show an excluded trial to the optimizer again."""
    from janitor.errors import UsageError
    from janitor.model.ledger_items import Included

    if name not in open_named(store, sweep).ledger.excluded:
        raise UsageError(f"{name} is not excluded from {sweep}")
    act_on(store, sweep, Included(name, reason))
    click.echo(f"{name} is included.")
