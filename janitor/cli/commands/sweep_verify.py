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

    Also compares the files of its runs with the ledger, and names entries that were altered after
    they were written. Exits with 1 if something differs. Decisions of another version of janitor,
    or on another kind of machine, are not comparable and only counted.
    """
    from collections import Counter
    from itertools import chain

    from janitor.sweep.opening import config_of
    from janitor.sweep.verify import Comparison, verify
    from janitor.sweep.verify_runs import verify_runs

    opened = open_named(store, sweep)
    counts: Counter[Comparison] = Counter()
    namespace = config_of(opened.ledger).janitor.namespace
    decisions = verify(opened.ledger.name, opened.store.entries())
    for checked in chain(decisions, verify_runs(opened.store, opened.ledger, namespace)):
        counts[checked.comparison] += 1
        if checked.comparison is Comparison.DIFFERENT:
            click.echo(printable(f"entry {checked.entry}: {checked.subject}: {checked.detail}"))
    said = ", ".join(f"{counts[each]} {each.value}" for each in Comparison)
    click.echo(f"{sweep}: {said}")
    return ExitCode.FAILED if counts[Comparison.DIFFERENT] else ExitCode.DONE
