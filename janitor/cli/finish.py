"""The end of a pass: print and write the report, notify, and choose the exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console

from janitor import report as reports
from janitor.cli.context import current_redactor
from janitor.cli.errors import printable
from janitor.cli.exit_codes import ExitCode, first_that_applies
from janitor.config import Config
from janitor.delivery import deliver, tell_of_failure
from janitor.errors import JanitorError, ReportError
from janitor.records.report import Command, Report
from janitor.report import render_terminal
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.redaction import masked_report
from janitor.runtime.signals import heeding_signals


def conclude(report: Report, config: Config, *, tell_pending: bool = False) -> ExitCode:
    """Print the report, write the report files, notify, and return the exit code.

    A signal during this does not prevent the report; a second one ends the process at once.

    Args:
        report: The report of the pass.
        config: Where to write reports and send notifications; checked before the pass.
        tell_pending: Whether planned changes have their own exit code.

    Raises:
        ReportError: a report could not be written; everything else was done.

    """
    report = masked_report(report, current_redactor())
    with heeding_signals(Interrupter(), "the pass has ended, its report is still written"):
        return _concluded(report, config, exit_code_of(report, tell_pending=tell_pending))


def _concluded(report: Report, config: Config, code: ExitCode) -> ExitCode:
    unwritten = _write(report, config)
    for error in report.errors:
        about = f"{error.target}: " if error.target else ""
        click.echo(f"janitor: {printable(about + error.message)}", err=True)
    if code is not ExitCode.USAGE:
        click.echo(render_terminal.render(report, Console()), nl=False)
    succeeded = code in {ExitCode.DONE, ExitCode.PENDING} and not unwritten
    failed = code is ExitCode.USAGE or bool(unwritten) or _something_failed(report)
    for warning in deliver(report, config, succeeded=succeeded, failed=failed):
        _warn(warning)
    for problem in unwritten:
        raise problem
    return code


@contextmanager
def telling_of_failure(command: Command, config: Config) -> Iterator[None]:
    """Send a notification if an error stops the pass before there is a report."""
    try:
        yield
    except JanitorError as error:
        for warning in tell_of_failure(command, current_redactor()(str(error)), config):
            _warn(warning)
        raise


def _write(report: Report, config: Config) -> list[ReportError]:
    """Write all reports; returns the errors."""
    unwritten = []
    options = reports.RenderOptions(junit_fixed=config.junit_fixed)
    for path in config.report:
        try:
            reports.write(report, path, options=options)
        except ReportError as error:
            unwritten.append(error)
    return unwritten


def _warn(warning: str) -> None:
    click.echo(f"janitor: warning: {printable(warning)}", err=True)


def exit_code_of(report: Report, *, tell_pending: bool = False) -> ExitCode:
    """The exit code for a report."""
    applies = []
    if report.interrupted == "SIGINT":
        applies.append(ExitCode.INTERRUPTED)
    if report.interrupted == "SIGTERM":
        applies.append(ExitCode.TERMINATED)
    if not _anything_was_resolved(report) and any(not one.transient for one in report.errors):
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
