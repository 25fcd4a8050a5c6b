"""``janitor sweep verify``: compute all decisions of a sweep again."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.exit_codes import ExitCode
from janitor.cli.sweep_options import open_named, store_option, sweep_argument


@click.command("verify", cls=Command)
@sweep_argument
@store_option
def command(*, sweep: str, store: str | None) -> ExitCode:
    """Compute every decision of a sweep again, from the ledger's entries before it.

    Exits with 1 if a decision differs. Decisions of another version of janitor, or on another kind
    of machine, are not comparable and only counted.
    """
    from collections import Counter

    from janitor.sweep.verify import Comparison, verify

    opened = open_named(store, sweep)
    counts: Counter[Comparison] = Counter()
    for checked in verify(opened.ledger.name, opened.store.entries()):
        counts[checked.comparison] += 1
        if checked.comparison is Comparison.DIFFERENT:
            click.echo(printable(f"entry {checked.entry}: {checked.subject}: {checked.detail}"))
    said = ", ".join(f"{counts[each]} {each.value}" for each in Comparison)
    click.echo(f"{sweep}: {said}")
    return ExitCode.FAILED if counts[Comparison.DIFFERENT] else ExitCode.DONE
