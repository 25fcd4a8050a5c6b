"""``janitor sweep import``: create an exported sweep in a store."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.sweep_options import STORE, open_catalog


@click.command("import", cls=Command)
@click.argument("file", metavar="FILE.jsonl.gz")
@click.option("--store", metavar=STORE, required=True, help="The store that gets the sweep.")
@click.option(
    "--open-jobs-are-lost",
    is_flag=True,
    help="Record jobs that were open at the export as lost: their old place is gone for good.",
)
def command(*, file: str, store: str, open_jobs_are_lost: bool) -> None:
    """Create an exported sweep in a store. Nothing that is there is overwritten.

    An import that was interrupted is finished by the same command. The copy and the original do not
    know each other: continue only one of them.
    """
    from janitor.runtime.clock import utc_now
    from janitor.sweep.transfer import import_sweep

    found = import_sweep(
        open_catalog(store), Path(file), utc_now(), open_jobs_are_lost=open_jobs_are_lost
    )
    lost = f"; {found.lost} open jobs were recorded as lost" if found.lost else ""
    click.echo(
        printable(
            f"{found.store.name} in {found.store.location}: wrote {found.entries} entries and the"
            f" summaries of {found.runs} runs{lost}"
        )
    )
