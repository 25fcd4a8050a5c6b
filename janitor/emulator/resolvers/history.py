"""What a run logged: history, system metrics and console."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ariadne import ObjectType

from janitor.emulator.history import rows_by_step
from janitor.emulator.listing import cursor_at, offset_of
from janitor.emulator.records import Run, read_json

if TYPE_CHECKING:
    from janitor.emulator.emulation import Info

run_type = ObjectType("Run")
_DEFAULT_SAMPLES = 500


def _rows(run: Run, low: int, high: float) -> list[dict[str, Any]]:
    """The logged steps from ``low`` up to, but not including, ``high``."""
    return [row for step, row in rows_by_step(run.rows) if low <= step < high]


def strict_value(value: Any) -> Any:
    """A value that strict JSON can hold: W&B answers non-finite numbers as strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, dict):
        return {key: strict_value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [strict_value(inner) for inner in value]
    return value


def _sample(rows: list[Any], samples: int | None) -> list[Any]:
    """At most ``samples`` rows, evenly spread."""
    count = samples or _DEFAULT_SAMPLES
    if len(rows) <= count:
        return rows
    return [rows[index * len(rows) // count] for index in range(count)]


@run_type.field("history")
def resolve_history(
    run: Run,
    _info: Info,
    min_step: int | None = None,
    max_step: int | None = None,
    samples: int | None = None,
) -> list[str]:
    """Logged steps as JSON texts."""
    rows = _rows(run, min_step or 0, math.inf if max_step is None else max_step)
    return [json.dumps(row) for row in _sample(rows, samples)]


@run_type.field("sampledHistory")
def resolve_sampled_history(run: Run, _info: Info, specs: list[str]) -> list[list[dict[str, Any]]]:
    """For each spec, the steps that have all of its keys; its maxStep is inclusive."""
    answers = []
    for text in specs:
        spec = read_json(text)
        wanted = spec if isinstance(spec, dict) else {}
        keys = wanted.get("keys") or []
        rows = _rows(run, wanted.get("minStep", 0), wanted.get("maxStep", math.inf) + 1)
        chosen = [
            {k: strict_value(row[k]) for k in keys} for row in rows if all(k in row for k in keys)
        ]
        answers.append(_sample(chosen, wanted.get("samples")))
    return answers


@run_type.field("parquetHistory")
def resolve_parquet_history(
    _run: Run,
    _info: Info,
    live_keys: list[str],  # noqa: ARG001 - nothing is exported
) -> dict[str, Any]:
    """No exported files, so that a client reads ``history``."""
    return {"parquet_urls": [], "live_data": []}


@run_type.field("events")
def resolve_events(run: Run, _info: Info, samples: int | None = None) -> list[str]:
    """System metrics as JSON texts."""
    return _sample(run.events, samples)


@run_type.field("logLines")
def resolve_log_lines(
    run: Run,
    _info: Info,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    use_improved_pagination: bool | None = None,  # noqa: ARG001, FBT001 - it is always so
) -> dict[str, Any]:
    """The console's lines: a page from the start, or the last lines."""
    total = len(run.log_lines)
    start = max(0, total - last) if last is not None else offset_of(after)
    end = total if first is None else min(total, start + first)
    edges = [{"node": _log_line(number, run.log_lines[number])} for number in range(start, end)]
    return {
        "edges": edges,
        "page_info": {"end_cursor": cursor_at(end), "has_next_page": end < total},
    }


def _log_line(number: int, text: str) -> dict[str, Any]:
    """A line as the SDK wrote it: ``[ERROR ]TIMESTAMP TEXT``."""
    level, rest = ("error", text[6:]) if text.startswith("ERROR ") else ("", text)
    timestamp, _, line = rest.partition(" ")
    return {"number": number, "timestamp": timestamp or None, "level": level, "line": line}


for name, read in {
    "eventsLineCount": lambda run: len(run.events),
    "logLineCount": lambda run: len(run.log_lines),
    "historyTail": lambda run: json.dumps(run.history[-1:]),
    "eventsTail": lambda run: json.dumps(run.events[-1:]),
}.items():
    run_type.set_field(name, lambda run, _info, read=read: read(run))

BINDABLES = (run_type,)
