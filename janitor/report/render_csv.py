"""The report as CSV, for spreadsheets and pandas: a row for each run that is mentioned.

First the changes, then the held runs (outcome ``held``). Texts that a spreadsheet would take for
a formula get a ``'`` in front, as OWASP advises against CSV injection; numbers stay numbers.
``before`` and ``after`` are strict JSON, times ISO 8601 in UTC.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from janitor import strict_json
from janitor.report.render_json import format_time
from janitor.report.schema import Report, ReportedChange, ReportedHold
from janitor.report.visible import visible

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
"""What a formula begins with, also in full width; for use in a character class."""
_FORMULA: Final = re.compile(rf"\s*[{_SIGNS}\t\r]")
_FORMULA_IN_NEXT_CELL: Final = re.compile(rf"(?<=;)(?=\s*[{_SIGNS}])")
"""Where a semicolon separates cells, as it does for Excel in much of Europe."""
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
        "run": _cell(change.run),
        "sweep": _cell(change.sweep),
        "name": _cell(change.name),
        "target": _cell(change.target),
        "outcome": change.outcome.value,
        "from": _cell(change.from_),
        "to": _cell(change.to),
        "rule": _cell(change.rule),
        "reason": _cell(change.reason),
        "error": _cell(change.error),
        "wandb_state": _cell(change.wandb_state),
        "created_at": _time(change.created_at),
        "last_alive": _time(change.last_alive),
        "age_seconds": change.evidence.age_seconds,
        "objective": _value(change.evidence.objective),
        "form": change.form.value if change.form else None,
        "before": _json(change.before),
        "after": _json(change.after),
        "url": _cell(change.url),
    }


def _held(held: ReportedHold) -> dict[str, Any]:
    return {
        "run": _cell(held.run),
        "sweep": _cell(held.sweep),
        "name": _cell(held.name),
        "target": _cell(held.target),
        "outcome": "held",
        "from": _cell(held.state),
        "rule": _cell(held.rule),
        "reason": _cell(held.reason),
        "wandb_state": _cell(held.wandb_state),
        "last_alive": _time(held.last_alive),
        "url": _cell(held.url),
    }


def _cell(text: str | None) -> str | None:
    if text is None:
        return None
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    return visible(_FORMULA_IN_NEXT_CELL.sub("'", text))


def _json(value: Any) -> str:
    """Strict JSON without a semicolon, which stands only in texts and can be escaped there."""
    return strict_json.dumps(value).replace(";", "\\u003b")


def _value(value: Any) -> Any:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return _cell(value if isinstance(value, str) else _json(value))


def _time(time: datetime | None) -> str | None:
    return format_time(time) if time else None
