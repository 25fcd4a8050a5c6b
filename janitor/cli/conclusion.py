"""The end of a pass: the report printed and written, and the exit code that it means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from janitor import report as reports
from janitor.cli.exit_codes import ExitCode, first_that_applies
from janitor.cli.failures import printable
from janitor.report import render_terminal
from janitor.report.schema import Report


def conclude(report: Report, paths: Sequence[Path], *, tell_pending: bool = False) -> ExitCode:
    """Print the report, write it to the paths, and tell the exit code.

    Args:
        report: Of the pass.
        paths: Where to write it; their endings have been checked.
        tell_pending: Whether planned changes have an exit code of their own.

    """
    for path in paths:
        reports.write(report, path)
    code = exit_code_of(report, tell_pending=tell_pending)
    for error in report.errors:
        about = f"{error.target}: " if error.target else ""
        click.echo(f"janitor: {printable(about + error.message)}", err=True)
    if code is not ExitCode.USAGE:
        click.echo(render_terminal.render(report, Console()), nl=False)
    return code


def exit_code_of(report: Report, *, tell_pending: bool = False) -> ExitCode:
    """The exit code that a report means."""
    applies = []
    if report.interrupted == "SIGINT":
        applies.append(ExitCode.INTERRUPTED)
    if report.interrupted == "SIGTERM":
        applies.append(ExitCode.TERMINATED)
    if report.errors and not _anything_was_resolved(report):
        applies.append(ExitCode.USAGE)
    if report.brake is not None and report.brake.tripped and not report.brake.overruled:
        applies.append(ExitCode.BRAKE)
    if _something_failed(report):
        applies.append(ExitCode.FAILED)
    if tell_pending and report.totals.planned:
        applies.append(ExitCode.PENDING)
    return first_that_applies(*applies)


def _anything_was_resolved(report: Report) -> bool:
    left_to_others = report.shard is not None and report.shard.left_to_others > 0
    return bool(report.targets) or left_to_others or report.command not in {"fix", "plan"}


def _something_failed(report: Report) -> bool:
    return (
        bool(report.errors)
        or report.totals.failed > 0
        or report.interrupted is not None
        or not all(target.complete for target in report.targets)
        or (report.stand_down is not None and report.stand_down.active)
    )
