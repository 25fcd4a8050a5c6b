"""Writes the output of ``janitor report`` to files or to stdout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from janitor import report as reports
from janitor.cli.context import current_redactor
from janitor.errors import ReportError, UsageError
from janitor.records.report import Report
from janitor.report import render_html
from janitor.report.options import RenderOptions
from janitor.report.trend import Trend, as_csv, as_json
from janitor.runtime.extras import require
from janitor.runtime.redaction import masked_report
from janitor.storage.atomic import check_writable, write_atomically

_TRENDS: Final[Mapping[str, Callable[[Trend], str]]] = {
    ".html": render_html.render_trend,
    ".csv": as_csv,
    ".json": as_json,
}
"""File extension → renderer of a trend."""


def render_options(junit_fixed: str | None) -> RenderOptions:
    """The options that the command line gives.

    Raises:
        UsageError: ``--junit-fixed`` is neither of the two words.

    """
    match junit_fixed:
        case None:
            return RenderOptions()
        case "failure" | "pass":
            return RenderOptions(junit_fixed=junit_fixed)
        case _:
            raise UsageError(f"--junit-fixed must be failure or pass, not {junit_fixed!r}")


def check(to: Sequence[str]) -> None:
    """Check, before anything is read, that a report can be written to these paths.

    Raises:
        UsageError: no path is given, a format is unknown, its extra is not installed, or a path
            cannot be written.

    """
    if not to:
        raise UsageError("name the output: --to report.html for a file, or --to md to print it")
    for place in to:
        if _is_printed(place):
            reports.check_ending(f"report.{place}")
        else:
            reports.check(place)


def put(report: Report, to: Sequence[str], options: RenderOptions) -> None:
    """Write the report to each path; a format without a file name prints it.

    Raises:
        ReportError: a file cannot be written.

    """
    report = masked_report(report, current_redactor())
    for place in to:
        if _is_printed(place):
            click.echo(reports.text_of(report, f"report.{place}", options), nl=False)
        else:
            reports.write(report, place, options=options)


def check_trend(to: Sequence[Path]) -> None:
    """Check, before anything is read, that a trend can be written to these paths.

    Raises:
        UsageError: a format is unknown, its extra is not installed, or a path cannot be written.

    """
    for path in to:
        ending = path.suffix.lower()
        if ending not in _TRENDS:
            raise UsageError(f"{path}: a trend is written as .html, .csv or .json")
        if ending == ".html":
            require("html", for_what=str(path))
        check_writable(path)


def put_trend(trend: Trend, to: Sequence[Path]) -> None:
    """Write the trend to each path.

    Raises:
        ReportError: a file cannot be written.

    """
    for path in to:
        write_atomically(path, _TRENDS[path.suffix.lower()](trend), error=ReportError)


def _is_printed(place: str) -> bool:
    return f".{place.lower()}" in reports.RENDERERS
