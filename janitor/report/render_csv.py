"""The report as CSV, for spreadsheets and pandas: one row per changed or held run.

The changes come first, then the held runs (outcome ``held``). Text that a spreadsheet would read
as a formula gets a leading ``'``, as OWASP recommends against CSV injection; numbers are unchanged.
``before`` and ``after`` are strict JSON, times ISO 8601 in UTC.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from janitor.records.changes import ReportedChange, ReportedHold
from janitor.records.json_text import format_time
from janitor.records.report import Report
from janitor.report.sanitize import visible
from janitor.storage import strict_json

COLUMNS: Final = (
    "run",  # ENTITY/PROJECT/RUN
    "sweep",
    "name",
    "target",
    "outcome",  # written, planned, superseded, failed or held
    "from",
    "to",
    "rule",
    "reason",
    "error",
    "wandb_state",
    "created_at",
    "last_alive",
    "age_seconds",
    "objective",
    "form",
    "before",
    "after",
    "url",
)

_SIGNS: Final = r"=+\-@\uff1d\uff0b\uff0d\uff20"
"""The first characters of formulas, also in full width, for a character class."""
_FORMULA: Final = re.compile(rf"\s*[{_SIGNS}\t\r]")
_FORMULA_IN_NEXT_CELL: Final = re.compile(rf"(?<=;)(?=\s*[{_SIGNS}])")
"""Excel separates cells at semicolons in much of Europe."""
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def render(report: Report) -> str:
    """The report's CSV text, with a header, comma-separated, lines ending in LF."""
    import pandas as pd  # noqa: PLC0415 - costs half a second, and most passes write no CSV

    rows = [_changed(change) for change in report.changes]
    rows += [_held(held) for held in report.held]
    table = pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in COLUMNS}
    )
    return table.to_csv(index=False, lineterminator="\n")


def _changed(change: ReportedChange) -> dict[str, Any]:
    return {
        "run": as_cell(change.run),
        "sweep": as_cell(change.sweep),
        "name": as_cell(change.name),
        "target": as_cell(change.target),
        "outcome": change.outcome.value,
        "from": as_cell(change.from_),
        "to": as_cell(change.to),
        "rule": as_cell(change.rule),
        "reason": as_cell(change.reason),
        "error": as_cell(change.error),
        "wandb_state": as_cell(change.wandb_state),
        "created_at": _time(change.created_at),
        "last_alive": _time(change.last_alive),
        "age_seconds": change.evidence.age_seconds,
        "objective": _value(change.evidence.objective),
        "form": change.form.value if change.form else None,
        "before": _json(change.before),
        "after": _json(change.after),
        "url": as_cell(change.url),
    }


def _held(held: ReportedHold) -> dict[str, Any]:
    return {
        "run": as_cell(held.run),
        "sweep": as_cell(held.sweep),
        "name": as_cell(held.name),
        "target": as_cell(held.target),
        "outcome": "held",
        "from": as_cell(held.state),
        "rule": as_cell(held.rule),
        "reason": as_cell(held.reason),
        "wandb_state": as_cell(held.wandb_state),
        "last_alive": _time(held.last_alive),
        "url": as_cell(held.url),
    }


def as_cell(text: str | None) -> str | None:
    """Text that no spreadsheet reads as a formula."""
    if text is None:
        return None
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    return visible(_FORMULA_IN_NEXT_CELL.sub("'", text))


def _json(value: Any) -> str:
    """Strict JSON in which semicolons, which only occur in strings, are escaped."""
    return strict_json.dumps(value).replace(";", "\\u003b")


def _value(value: Any) -> Any:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return as_cell(value if isinstance(value, str) else _json(value))


def _time(time: datetime | None) -> str | None:
    return format_time(time) if time else None
