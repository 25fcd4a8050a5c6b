"""Comparisons for CI: as JSON, and as JUnit XML with one test case per comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from janitor.report.sanitize import visible
from janitor.sweep.analysis.analysis import strict
from janitor.sweep.analysis.comparison import Comparison

SCHEMA: Final = "janitor.sweep.comparison/1"
_SENTENCE: Final = 2_000


def as_document(found: Sequence[Comparison], percent: float | None) -> dict[str, Any]:
    """The comparisons as JSON.

    Args:
        found: Each further sweep with the first one.
        percent: The loss above which a sweep counts as worse; None if nobody asked.

    """
    rows = [
        {
            **strict(asdict(one)),
            "winner": one.winner,
            "regression": None if percent is None else one.is_regression(percent),
        }
        for one in found
    ]
    return {"schema": SCHEMA, "regression_percent": percent, "comparisons": rows}


def as_junit(found: Sequence[Comparison], percent: float | None) -> str:
    """JUnit XML. A regression fails, a comparison that says nothing is skipped, others pass."""
    suite = TestSuite("janitor sweep compare")
    for one in found:
        names = f"{one.second.sweep} against {one.first.sweep}"
        case = TestCase(visible(names, 200), "janitor.sweep")
        verdict = visible(one.verdict, _SENTENCE)
        if one.p is None:
            case.result = [Skipped(verdict)]
        elif percent is not None and one.is_regression(percent):
            case.result = [Failure(verdict, "regression")]
        else:
            case.system_out = verdict
        suite.add_testcase(case)
    document: Any = JUnitXml("janitor")
    document.append(suite)
    document.update_statistics()
    text: bytes = document.tostring()
    return text.decode("utf-8").rstrip() + "\n"
