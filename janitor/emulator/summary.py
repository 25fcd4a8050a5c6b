"""A run's summary as JSON text: selecting keys, and merging another summary into it."""

from __future__ import annotations

import json
from typing import Any

from janitor.emulator.records import Run, read_json
from janitor.emulator.settings import SummaryKeys

_KEPT = 4


def select(run: Run, keys: list[str] | None, mode: SummaryKeys) -> str | None:
    """The whole summary, or a JSON text of only the given keys.

    A summary that is not a JSON object has no keys and is answered as it is.
    """
    text = run.summary_text
    if keys is None or text is None:
        return text
    wanted = (mode.value, *keys)
    if wanted not in run.selections:
        if len(run.selections) >= _KEPT:
            run.selections.clear()
        run.selections[wanted] = _select(text, keys, mode)
    return run.selections[wanted]


def _select(text: str, keys: list[str], mode: SummaryKeys) -> str:
    summary = read_json(text)
    if not isinstance(summary, dict):
        return text
    if mode is SummaryKeys.NESTED:
        return json.dumps(_select_nested(summary, keys))
    return json.dumps({key: summary[key] for key in keys if key in summary})


def _select_nested(summary: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for key in keys:
        source: Any = summary
        target = chosen
        *path, last = key.split(".")
        for part in path:
            if not isinstance(source, dict) or part not in source:
                break
            source = source[part]
            inner = target.get(part)
            if not isinstance(inner, dict):
                inner = target[part] = {}
            target = inner
        else:
            if isinstance(source, dict) and last in source:
                target[last] = source[last]
    return chosen


def merge(old: str | None, new: str) -> str:
    """The keys of ``old``, updated with those of ``new``; ``new`` if one is not an object."""
    before, after = read_json(old), read_json(new)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return new
    return json.dumps(before | after)
