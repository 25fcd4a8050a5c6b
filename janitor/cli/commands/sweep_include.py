"""``janitor sweep include``: undo an exclusion, or the fixing of a parameter."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import act_on, open_named, store_option, sweep_argument


@click.command("include", cls=Command)
@sweep_argument
@click.argument("name", metavar="RUN|PARAMETER")
@store_option
@click.option("--reason", metavar="TEXT", default="included by a person", help="Why.")
def command(*, sweep: str, name: str, store: str | None, reason: str) -> None:
    """Show an excluded trial to the optimizer again, or free a parameter that was fixed."""
    from janitor.errors import UsageError
    from janitor.model.ledger_items import Included

    ledger = open_named(store, sweep).ledger
    if name not in ledger.excluded and name not in ledger.fixed:
        raise UsageError(f"{name} is neither an excluded run nor a fixed parameter of {sweep}")
    act_on(store, sweep, Included(name, reason))
    done = "is free again, and is not fixed any more" if name in ledger.fixed else "is included"
    click.echo(f"{name} {done}.")
