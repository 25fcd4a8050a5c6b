"""The report as a notification: short, with counts and a link. Plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from janitor.model.wording import counted
from janitor.records.report import Report
from janitor.report import headline
from janitor.report.sanitize import visible, web_page

Occasion = Literal["changes", "brake", "failure"]

_SENTENCE: Final = 600
_NOTICES: Final = 4
_BREAK: Final = "\u200b"
"""A zero-width space: after an @ it prevents mentions."""


@dataclass(frozen=True, slots=True)
class Message:
    """A notification."""

    title: str
    body: str
    occasions: frozenset[Occasion]
    """Why it is sent."""


def message_of(report: Report, *, failed: bool, link: str | None) -> Message:
    """The notification about a pass. Without ``link`` it links to one of the changed runs.

    Args:
        report: The report of the pass.
        failed: Whether the pass did not do everything.
        link: The address of the report.

    """
    done = ", ".join(f"{count:,} {name}" for name, count in headline.counts(report) if count)
    notices = headline.notices(report)
    notices += [error.message for error in report.errors[: _NOTICES - len(notices)]]
    page = web_page(link or _a_run(report))
    lines = [
        _text(headline.headline(report)),
        *(f"- {_text(notice)}" for notice in notices[:_NOTICES]),
        done or "no runs",
        *([page] if page else []),
    ]
    return Message(
        _title(report, failed=failed), "\n".join(lines), _occasions(report, failed=failed)
    )


def message_of_failure(command: str, said: str, link: str | None) -> Message:
    """The notification about a pass that failed before there was a report."""
    page = web_page(link)
    lines = [_text(said), *([page] if page else [])]
    return Message(f"janitor {command} failed", "\n".join(lines), frozenset({"failure"}))


def _title(report: Report, *, failed: bool) -> str:
    totals = report.totals
    if _brake_is_on(report):
        return f"janitor: the brake is on, {counted(totals.planned, 'change')} due"
    if failed:
        return f"janitor {report.command} failed, {counted(totals.written, 'run')} repaired"
    if totals.planned:
        return f"janitor: {counted(totals.planned, 'change')} due"
    return f"janitor: {totals.written:,} of {counted(totals.runs, 'run')} repaired"


def _occasions(report: Report, *, failed: bool) -> frozenset[Occasion]:
    found: set[Occasion] = set()
    if report.totals.written or report.totals.planned:
        found.add("changes")
    if _brake_is_on(report):
        found.add("brake")
    if failed:
        found.add("failure")
    return frozenset(found)


def _brake_is_on(report: Report) -> bool:
    return report.brake is not None and report.brake.tripped and not report.brake.overruled


def _a_run(report: Report) -> str | None:
    return next((change.url for change in report.changes if change.url), None)


def _text(text: str) -> str:
    return visible(text, _SENTENCE).replace("@", f"@{_BREAK}")
