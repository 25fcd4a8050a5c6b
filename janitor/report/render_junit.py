"""The report as JUnit XML, for CI: one test case per run, one test suite per sweep or group.

A repaired run is a failure, so that CI shows it; with ``junit_fixed="pass"`` it passes. A planned
repair is a failure, a failed repair an error, a held run is skipped, and a superseded run passes.
Each error of the pass is a separate test case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from janitor.model import Outcome
from janitor.records.changes import ReportedChange, ReportedHold
from janitor.records.report import Report
from janitor.report.options import DEFAULT_OPTIONS, RenderOptions
from janitor.report.sanitize import visible

_NAME, _SENTENCE = 200, 2_000
"""Characters of a name and of a sentence that are shown."""
_NOT_IN_XML: Final = re.compile("[\ufffe\uffff]")


def render(report: Report, options: RenderOptions = DEFAULT_OPTIONS) -> str:
    """The report's XML text."""
    places: dict[str, list[TestCase]] = {}
    for place, case in _cases(report, options):
        places.setdefault(place, []).append(case)
    document: Any = JUnitXml(f"janitor {report.command}")  # Any: the library is only partly typed
    began = report.started_at.replace(tzinfo=None).isoformat(timespec="seconds")
    for place, cases in places.items():
        suite = TestSuite(place)
        suite.timestamp = began
        suite.add_testcases(cases)  # all at once: each call counts all cases again
        document.append(suite)
    document.update_statistics()
    document.time = round((report.finished_at - report.started_at).total_seconds(), 3)
    text: bytes = document.tostring()
    return text.decode("utf-8").rstrip() + "\n"


def _cases(report: Report, options: RenderOptions) -> Iterator[tuple[str, TestCase]]:
    """Each test case, and the name of its test suite."""
    for change in report.changes:
        yield _suite(change), _of_change(change, options)
    for held in report.held:
        case = _case(held)
        case.result = [Skipped(_text(held.reason), _text(held.rule, _NAME))]
        yield _suite(held), case
    complaints = [(error.target or "the pass", error.message) for error in report.errors]
    if report.brake and report.brake.tripped and not report.brake.overruled:
        complaints.append(("brake", report.brake.message or "a limit was exceeded"))
    for about, message in complaints:
        case = TestCase(_text(about, _NAME), "janitor")
        case.result = [Error(_text(message), "pass")]
        yield "janitor", case


def _of_change(change: ReportedChange, options: RenderOptions) -> TestCase:
    case, rule = _case(change), _text(change.rule, _NAME)
    states = f"{change.shown_from} → {change.shown_to}"
    match change.outcome:
        case Outcome.FAILED:
            case.result = [Error(_text(f"{states}: {change.error or change.reason}"), rule)]
        case Outcome.WRITTEN if options.junit_fixed == "failure":
            case.result = [Failure(_text(f"repaired, {states}: {change.reason}"), rule)]
        case Outcome.PLANNED:
            case.result = [Failure(_text(f"to be repaired, {states}: {change.reason}"), rule)]
        case _:
            pass
    case.system_out = _text(f"{change.outcome}, {states} ({change.rule}): {change.reason}")
    return case


def _case(entry: ReportedChange | ReportedHold) -> TestCase:
    name = f"{entry.run} ({entry.name})" if entry.name else entry.run
    return TestCase(_text(name, 2 * _NAME), _suite(entry))


def _suite(entry: ReportedChange | ReportedHold) -> str:
    return _text(entry.target or entry.sweep or "no sweep", _NAME)


def _text(text: str, limit: int = _SENTENCE) -> str:
    """Text that XML can hold; the library escapes it."""
    return _NOT_IN_XML.sub("\ufffd", visible(text, limit))
