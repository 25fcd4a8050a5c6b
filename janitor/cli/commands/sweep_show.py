"""``janitor sweep show``: print the file of a sweep."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import is_file, open_named, store_option


@click.command("show", cls=Command)
@click.argument("sweep", metavar="SWEEP|FILE")
@store_option
@click.option("--yaml", "as_yaml", is_flag=True, help="Print YAML, which is the default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, sweep: str, store: str | None, as_yaml: bool, as_json: bool) -> None:
    """Print the newest version of a sweep's file, or a sweep file, checked and as one document."""
    from janitor.errors import UsageError
    from janitor.sweep.config import SweepConfig
    from janitor.sweep.opening import config_of

    if as_yaml and as_json:
        raise UsageError("--yaml and --json exclude each other")
    config = (
        SweepConfig.load(sweep) if is_file(sweep) else config_of(open_named(store, sweep).ledger)
    )
    click.echo(config.to_json() if as_json else config.to_yaml(), nl=False)
