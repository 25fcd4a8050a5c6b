"""The report as strict JSON, for other programs; see :mod:`janitor.records.json_text`."""

from __future__ import annotations

from janitor.records.json_text import pretty
from janitor.records.report import Report


def render(report: Report) -> str:
    """The report's JSON text.

    Raises:
        ReportError: a value is nested too deeply to be written.

    """
    return pretty(report)
