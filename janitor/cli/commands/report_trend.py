"""``janitor report trend``: compare passes over time."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.errors import ReportError, UsageError


@click.command("trend", cls=Command)
@click.argument(
    "folder", metavar="DIR", type=click.Path(file_okay=False, exists=True, path_type=Path)
)
@click.option(
    "--to",
    metavar="PATH",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file: .html (with charts), .csv or .json. Repeatable.  [default: print it]",
)
def command(folder: Path, *, to: tuple[Path, ...]) -> None:
    """Compare the passes whose .json reports are in a folder or its subfolders.

    Shows how many stuck runs each pass found, by sweep and by rule, and how many runs resumed.
    """
    from rich.console import Console

    from janitor.cli.report_output import check_trend, put_trend
    from janitor.records.json_text import load_report
    from janitor.report.trend import Trend, as_text
    from janitor.runtime.log import Logger

    check_trend(to)
    trend = Trend()
    log = Logger("janitor.report")
    for path in sorted(folder.rglob("*.json")):
        try:
            trend.add(load_report(path, found=True))
        except ReportError as error:
            log.warning(str(error))
    if not trend.passes:
        raise UsageError(f"{folder} contains no .json report of a pass")
    if to:
        put_trend(trend, to)
    else:
        click.echo(as_text(trend, Console()), nl=False)
