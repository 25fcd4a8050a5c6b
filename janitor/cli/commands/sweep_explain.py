"""``janitor sweep explain``: the decisions of a sweep, with reasons."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.sweep_options import json_option, open_named, require_run, store_option


@click.command("explain", cls=Command)
@click.argument("sweep", metavar="SWEEP")
@click.argument("run", metavar="[RUN]", required=False)
@store_option
@json_option
def command(*, sweep: str, run: str | None, store: str | None, as_json: bool) -> None:
    """Show what was learned, decided and done in a sweep, or about one of its runs."""
    from janitor.storage import strict_json
    from janitor.sweep.step_report import as_item

    if run is not None:
        require_run(store, sweep, run)
    entries = open_named(store, sweep).store.entries()
    rows = [
        {"entry": entry.number, "at": entry.at, **as_item(item).model_dump(mode="json")}
        for entry in entries
        for item in entry.items
        if run is None or getattr(item, "run", None) == run
    ]
    if as_json:
        click.echo(strict_json.dumps(rows))
        return
    for row in rows:
        about = f" {row['run']}" if row["run"] else ""
        attempt = f" attempt {row['values']['attempt']}" if "attempt" in row["values"] else ""
        click.echo(
            f"{row['entry']:>5}  {row['at'][:19]}  "
            + printable(f"{row['kind']}{about}{attempt}: {row['reason']}")
        )
