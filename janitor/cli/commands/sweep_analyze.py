"""``janitor sweep analyze``: what a sweep has shown."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import json_option, store_option, sweep_argument
from janitor.cli.sweep_sheets import check_outputs, read_named, to_option, write_sheet


@click.command("analyze", cls=Command)
@sweep_argument
@store_option
@json_option
@to_option
def command(*, sweep: str, store: str | None, as_json: bool, to: tuple[Path, ...]) -> None:
    """Analyze a sweep: best configurations, importance, failures, cost, convergence.

    Says how certain the best configuration is, which parameters matter and interact, where trials
    only fail, what early stopping saved and may have missed, where the time went, and what more
    trials would gain. Needs the extra sweep.
    """
    import json
    from dataclasses import replace

    from rich.console import Console

    from janitor.report.sheet import show
    from janitor.runtime.extras import require
    from janitor.sweep.analysis.analysis import analyze
    from janitor.sweep.analysis.sheets import charts_of, sheet_of

    require("sweep", for_what="sweep analyze")
    check_outputs(to)
    data = read_named(store, sweep)
    found = analyze(data)
    sheet = sheet_of(found)
    for path in to:
        drawn = tuple(charts_of(data, found)) if path.suffix.lower() == ".html" else ()
        write_sheet(replace(sheet, charts=drawn), path, found.as_json())
    if as_json:
        click.echo(json.dumps(found.as_json(), allow_nan=False))
    elif not to:
        show(sheet, Console())
