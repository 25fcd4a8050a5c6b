"""The report as tables for a terminal, and as plain lines for a pipe, cron or a log.

Text from runs never reaches the terminal as an escape sequence or as markup of rich.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from janitor.model import Outcome
from janitor.model.wording import and_more
from janitor.records.changes import ReportedChange
from janitor.records.report import Report
from janitor.report import headline
from janitor.report.sanitize import visible, web_page

_ROWS: Final = 100
"""Rows of a table in a terminal; a log gets every change."""
_RUNS_NAMED: Final = 5
_SENTENCE: Final = 500
_COLOURS: Final = {
    Outcome.WRITTEN: "green",
    Outcome.PLANNED: "cyan",
    Outcome.SUPERSEDED: "yellow",
    Outcome.FAILED: "bold red",
}


def render(report: Report, console: Console | None = None) -> str:
    """The report as tables for the console, or as plain lines if it is not a terminal.

    Nothing is printed. The console only defines width and colours (it respects ``NO_COLOR``).
    """
    if console is None or not console.is_terminal:
        return "".join(f"{line}\n" for line in _lines(report))
    with console.capture() as captured:
        _print(report, console)
    return captured.get()


def _lines(report: Report) -> Iterator[str]:
    """The headline first, as in a mail from cron; then one line per change."""
    yield _plain(headline.headline(report))
    yield from (f"note: {_plain(notice)}" for notice in headline.notices(report))
    yield from map(_change_line, report.changes)
    for group in headline.hold_groups(report):
        yield f"held: {_runs(group)}: {_plain(group.reason)}"
    for error in report.errors:
        yield f"error: {_about(error.target)}{_plain(error.message)}"
    for warning in report.warnings:
        yield f"warning: {_about(warning.run)}{_plain(warning.message)}"
    yield f"totals: {_totals(report)}"
    command = headline.way_back(report)
    if command:
        yield f"undo: {visible(command)}"


def _change_line(change: ReportedChange) -> str:
    states = f"{_plain(change.shown_from)} -> {_plain(change.shown_to)}"
    why = f"{_plain(change.rule)}: {_plain(change.reason)}"
    error = f"; {_plain(change.error)}" if change.error else ""
    name = f" ({_plain(change.name)})" if change.name else ""
    return f"{change.outcome}: {_plain(change.run)}{name}: {states}, {why}{error}"


def _print(report: Report, console: Console) -> None:
    """The tables first and the headline last, next to the prompt."""
    if report.changes:
        console.print(_changes_table(report))
    if report.held:
        console.print(_held_table(report))
    for error in report.errors[:_ROWS]:
        _say(console, f"error: {_about(error.target)}{_plain(error.message)}", "red")
    for warning in report.warnings[:_ROWS]:
        _say(console, f"warning: {_about(warning.run)}{_plain(warning.message)}", "yellow")
    hidden = max(len(report.errors) - _ROWS, 0) + max(len(report.warnings) - _ROWS, 0)
    if hidden:
        _say(console, f"{hidden:,} more errors and warnings: see --report", "dim")
    for notice in headline.notices(report):
        _say(console, _plain(notice), "bold yellow")
    _say(console, _totals(report), "dim")
    _say(console, _plain(headline.headline(report)), "bold")
    command = headline.way_back(report)
    if command:
        console.print(Text(f"undo: {visible(command)}"), soft_wrap=True)


def _changes_table(report: Report) -> Table:
    table = Table(title="Changes", title_justify="left", caption=_left_out(len(report.changes)))
    for name in ("Run", "State", "Why", "Outcome"):
        table.add_column(name, overflow="fold")
    for change in report.changes[:_ROWS]:
        outcome = f"{change.outcome}: {_plain(change.error)}" if change.error else change.outcome
        table.add_row(
            _run(change),
            Text(f"{_plain(change.shown_from)} -> {_plain(change.shown_to)}"),
            Text(f"{_plain(change.reason)} ({_plain(change.rule)})"),
            Text(outcome, _COLOURS[change.outcome]),
        )
    return table


def _held_table(report: Report) -> Table:
    groups = headline.hold_groups(report)
    table = Table(title="Held", title_justify="left", caption=_left_out(len(groups)))
    for name in ("Runs", "Why"):
        table.add_column(name, overflow="fold")
    for group in groups[:_ROWS]:
        table.add_row(Text(_runs(group)), Text(_plain(group.reason)))
    return table


def _run(change: ReportedChange) -> Text:
    page = web_page(change.url)
    text = Text(_plain(change.run), Style(link=page))
    return text.append(f"\n{_plain(change.name)}", "dim") if change.name else text


def _left_out(rows: int) -> str | None:
    return f"{rows - _ROWS:,} more: see --report" if rows > _ROWS else None


def _runs(group: headline.HoldGroup) -> str:
    return and_more([_plain(held.run) for held in group.held[:_RUNS_NAMED]], len(group.held))


def _totals(report: Report) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in headline.counts(report))


def _about(name: str | None) -> str:
    return f"{_plain(name)}: " if name else ""


def _say(console: Console, text: str, style: str) -> None:
    console.print(Text(text, style))


def _plain(text: str) -> str:
    return visible(text, _SENTENCE)
