"""``janitor sweep export``: write a sweep into one file."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import open_named, store_option, sweep_argument


def _print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted:
        import json

        from janitor.records.sweep_export import export_schema

        click.echo(json.dumps(export_schema(), indent=2))
        context.exit()


@click.command("export", cls=Command)
@sweep_argument
@click.argument("file", metavar="FILE.jsonl.gz")
@store_option
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of a line of the file.",
)
def command(*, sweep: str, file: str, store: str | None) -> None:
    """Write a sweep into one file: its ledger, and the summaries of its runs.

    The ledger holds the versions of the sweep file, the trials with parameters and metrics, and
    all decisions. Checkpoints, logs and the history of metrics are not in the file. The same sweep
    gives the same file, whatever its store is. The file replaces an older one when it is complete.
    """
    from janitor.sweep.transfer import export_sweep

    entries, runs = export_sweep(open_named(store, sweep).store, Path(file))
    click.echo(f"{file}: {entries} entries and {runs} runs")
