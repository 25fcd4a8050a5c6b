"""A filter of runs in W&B's form of MongoDB's queries, checked before it is sent.

https://docs.wandb.ai/ref/python/public-api/api#runs
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from janitor.errors import TargetError
from janitor.model.wording import did_you_mean, quoted

EXAMPLE: Final = '{"tags": "night"}'
_FIELDS: Final = (
    "state", "tags", "name", "display_name", "displayName", "group", "job_type", "jobType", "sweep",
    "username", "created_at", "createdAt", "heartbeat_at", "heartbeatAt", "host", "duration",
    "description", "notes", "commit",
)  # fmt: skip
_SECTIONS: Final = ("config", "summary_metrics", "summaryMetrics")
_COMBINING: Final = ("$and", "$or", "$nor")
_OPERATORS: Final = (
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex", "$options",
    "$not", "$all", "$size", "$contains",
)  # fmt: skip
_LISTS: Final = ("$in", "$nin", "$all")
_DEEPEST: Final = 20


def canonical_filter(given: Any) -> str:
    """The filter as JSON text, the same for each way to write it.

    Args:
        given: JSON text, or the object.

    Raises:
        TargetError: it is not a filter; one sentence that names the wrong part.

    """
    value = given
    if isinstance(given, str):
        try:
            value = json.loads(given)
        except (ValueError, RecursionError):
            raise TargetError(
                f"filter {quoted(given)} is not valid JSON: write an object such as {EXAMPLE}"
            ) from None
    for problem in _problems(value, 0):
        raise TargetError(f"filter {quoted(str(given))}: {problem}")
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError):
        raise TargetError(f"filter {quoted(str(given))} holds a value that JSON cannot") from None


def _problems(condition: Any, depth: int) -> Iterator[str]:
    if not isinstance(condition, Mapping):
        yield f"must be an object such as {EXAMPLE}, not {quoted(condition)}"
        return
    if depth > _DEEPEST:
        yield "is nested too deeply"
        return
    for name, operand in condition.items():
        if name in _COMBINING:
            if not isinstance(operand, list) or not operand:
                yield f"{name} takes a list of conditions"
                return
            for part in operand:
                yield from _problems(part, depth + 1)
        elif str(name).startswith("$"):
            yield f"unknown operator {name}{did_you_mean(name, (*_COMBINING, *_OPERATORS))}"
        elif not _is_field(name):
            known = (*_FIELDS, *(f"{section}.KEY" for section in _SECTIONS[:2]))
            yield f"a run has no field {quoted(name)}{did_you_mean(name, known)}"
        else:
            yield from _operands(name, operand)


def _operands(field: str, operand: Any) -> Iterator[str]:
    if not isinstance(operand, Mapping):
        return
    for name, value in operand.items():
        if name not in _OPERATORS:
            yield f"unknown operator {name} for {field}{did_you_mean(name, _OPERATORS)}"
        elif name in _LISTS and not isinstance(value, list):
            yield f"{name} takes a list"


def _is_field(name: Any) -> bool:
    return name in _FIELDS or any(
        isinstance(name, str) and name.startswith(f"{section}.") and name != f"{section}."
        for section in _SECTIONS
    )
