"""Filters in MongoDB's style, compiled once per request into a function from a record to a bool.

    {"sweep": "s1"}                                   equality; on a list (tags): contains
    {"$and": [...]}, {"$or": [...]}, {"$nor": [...]}, {"$not": {...}}
    {"state": {"$in": ["running"]}}                   $in $nin $eq $ne $gt $gte $lt $lte
    {"display_name": {"$regex": "^a", "$options": "i"}}
    {"display_name": {"$contains": "swift"}}          a substring; on a list: one of its items
    {"tags": {"$all": ["a", "b"]}}, {"tags": {"$size": 2}}
    {"summary_metrics.protein.state": {"$exists": true}}
    {"created_at": {"$not": {"$lt": "2026-11-20"}}}   times are compared as times

As in MongoDB, ``null`` equals a missing field, ``$ne`` and ``$nin`` hold for missing fields, and
numbers, strings and booleans are neither equal nor ordered among each other. Unknown fields and
operators are refused. ``$contains`` is W&B's own operator. A filter's nesting and the cost of its
regular expressions are bounded (``patterns``).
"""

from __future__ import annotations

import contextlib
import json
import operator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from janitor.emulator.clock import parse_time
from janitor.emulator.fields import TIME_FIELDS
from janitor.emulator.patterns import Pattern, PatternError
from janitor.emulator.records import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

Record = TypeVar("Record")
_DEEPEST = 50


class FilterError(ValueError):
    """A filter is malformed, not supported or too expensive."""


def parse_filter(text: str | None) -> dict[str, Any]:
    """Read a filter's JSON text; no text is the empty filter. Raises FilterError."""
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise FilterError(f"filters are not valid JSON: {error}") from error
    except RecursionError as error:
        raise FilterError("filters are nested too deeply") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FilterError("filters must be a JSON object")
    return value


def only_sweep(condition: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Split a filter into the single sweep that it asks for, if any, and the rest of the filter."""
    if set(condition) == {"$and"} and isinstance(condition["$and"], list):
        for index, part in enumerate(condition["$and"]):
            if isinstance(part, dict) and isinstance(part.get("sweep"), str) and len(part) == 1:
                rest = condition["$and"][:index] + condition["$and"][index + 1 :]
                return part["sweep"], {"$and": rest} if rest else {}
    if isinstance(condition.get("sweep"), str):
        return condition["sweep"], {k: v for k, v in condition.items() if k != "sweep"}
    return None, condition


def compile_filter(
    condition: Any, getter: Callable[[str], Callable[[Record], Any]], *, depth: int = 0
) -> Callable[[Record], bool]:
    """Compile a filter into a function; ``getter`` finds a field by its name.

    Raises FilterError, and what ``getter`` raises for unknown fields. The function raises
    FilterError where a regular expression turns out to be too expensive.
    """
    if not isinstance(condition, dict):
        raise FilterError(f"a condition must be an object, not {condition!r}")
    if depth > _DEEPEST:
        raise FilterError(f"filters may be nested {_DEEPEST} levels deep")
    tests = [_clause(name, operand, getter, depth) for name, operand in condition.items()]
    if len(tests) == 1:
        return tests[0]
    return lambda record: all(test(record) for test in tests)


def _clause(
    name: str, operand: Any, getter: Callable[[str], Callable[[Record], Any]], depth: int
) -> Callable[[Record], bool]:
    if name == "$not":
        inner = compile_filter(operand, getter, depth=depth + 1)
        return lambda record: not inner(record)
    if name in {"$and", "$or", "$nor"}:
        if not isinstance(operand, list):
            raise FilterError(f"{name} takes a list")
        parts = [compile_filter(part, getter, depth=depth + 1) for part in operand]
        if name == "$and":
            return lambda record: all(part(record) for part in parts)
        if name == "$or":
            return lambda record: any(part(record) for part in parts)
        return lambda record: not any(part(record) for part in parts)
    if name.startswith("$"):
        raise FilterError(f"unknown operator {name}")
    read = getter(name)
    test = _test(operand, is_time=name in TIME_FIELDS, depth=depth + 1)
    return lambda record: test(read(record))


def _test(operand: Any, *, is_time: bool, depth: int) -> Callable[[Any], bool]:
    if depth > _DEEPEST:
        raise FilterError(f"filters may be nested {_DEEPEST} levels deep")
    if not isinstance(operand, dict) or not any(key.startswith("$") for key in operand):
        return _comparison("$eq", operand, is_time=is_time)
    options = operand.get("$options") or ""
    if not isinstance(options, str):
        raise FilterError("$options takes a string")
    tests = [
        _operator(name, value, options, is_time=is_time, depth=depth)
        for name, value in operand.items()
        if name != "$options"
    ]
    return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)


def _operator(
    name: str, operand: Any, options: str, *, is_time: bool, depth: int
) -> Callable[[Any], bool]:
    if name == "$not":
        inner = _test(operand, is_time=is_time, depth=depth + 1)
        return lambda value: not inner(value)
    if name == "$exists":
        return lambda value: (value is not MISSING) == bool(operand)
    if name == "$regex":
        return _regex(operand, options)
    if name in {"$in", "$nin"}:
        if not isinstance(operand, list):
            raise FilterError(f"{name} takes a list")
        tests = [_comparison("$eq", item, is_time=is_time) for item in operand]
        wanted = name == "$in"
        return lambda value: any(test(value) for test in tests) == wanted
    if name in _ON_LISTS:
        return _ON_LISTS[name](operand)
    return _comparison(name, operand, is_time=is_time)


def _regex(pattern: Any, options: str) -> Callable[[Any], bool]:
    try:
        search = Pattern(pattern, options).search
    except PatternError as error:
        raise FilterError(f"$regex: {error}") from error

    def matches(value: Any) -> bool:
        try:
            return isinstance(value, str) and search(value)
        except PatternError as error:
            raise FilterError(f"$regex: {error}") from error

    return _on_each(matches)


def _contains(operand: Any) -> Callable[[Any], bool]:
    def contains(value: Any) -> bool:
        if isinstance(value, str) and isinstance(operand, str):
            return operand in value
        return isinstance(value, list) and _has(value, operand)

    return contains


def _all(operand: Any) -> Callable[[Any], bool]:
    if not isinstance(operand, list):
        raise FilterError("$all takes a list")
    return lambda value: (
        bool(operand)
        and value is not MISSING
        and all(_has(value if isinstance(value, list) else [value], item) for item in operand)
    )


def _size(operand: Any) -> Callable[[Any], bool]:
    if not isinstance(operand, int) or isinstance(operand, bool) or operand < 0:
        raise FilterError("$size takes a number that is not negative")
    return lambda value: isinstance(value, list) and len(value) == operand


def _has(values: list[Any], wanted: Any) -> bool:
    return any(_kind(value) == _kind(wanted) and value == wanted for value in values)


_ON_LISTS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "$contains": _contains,
    "$all": _all,
    "$size": _size,
}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def _comparison(name: str, operand: Any, *, is_time: bool) -> Callable[[Any], bool]:
    wanted = _as_time(operand) if is_time and operand is not None else operand
    if name == "$ne":
        equal = _comparison("$eq", operand, is_time=is_time)
        return lambda value: not equal(value)
    if name == "$eq":
        if wanted is None:
            return lambda value: value is None or value is MISSING
        kind = _kind(wanted)
        return _on_each(lambda value: _kind(value) == kind and bool(value == wanted))
    compare = _ORDERED.get(name)
    if compare is None:
        raise FilterError(f"unknown operator {name}")
    kind = _kind(wanted)
    return _on_each(lambda value: _kind(value) == kind and compare(value, wanted))


def _on_each(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A list passes if it passes as a whole or if one of its items does."""

    def on_value_or_items(value: Any) -> bool:
        if isinstance(value, list):
            return test(value) or any(test(item) for item in value)
        return test(value)

    return on_value_or_items


def _as_time(operand: Any) -> datetime:
    if isinstance(operand, str):
        with contextlib.suppress(ValueError):
            return parse_time(operand, datetime.fromtimestamp(0, UTC))
    raise FilterError(f"{operand!r} is not an ISO 8601 time")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__
