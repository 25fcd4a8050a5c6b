"""A run's summary: its text, the two forms of the janitor's keys in it, and edits to them.

Flat: ``{"protein.state": "running"}``. Nested: ``{"protein": {"state": "running"}}``. Both exist
in practice, sometimes in one run. A *path* names one place in a summary: ``("protein.state",)``
is the flat key, ``("protein", "state")`` the nested one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from janitor.model import numbers

Path = tuple[str, ...]


class Absent(StrEnum):
    """The type of :data:`ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""The value of a key that does not exist; in an edit it removes the key."""


class Form(StrEnum):
    """The form of the janitor's keys in a summary."""

    FLAT = "flat"
    NESTED = "nested"
    BOTH = "both"


def parse(text: str | None, *, exact: bool = True) -> dict[str, Any]:
    """A summary from its JSON text, which may hold bare ``NaN`` and ``Infinity``.

    No text, empty text and ``null`` are an empty summary. A number that Python would write in
    another way becomes a :class:`~janitor.model.numbers.Number`, so that :func:`dump` writes the
    same digits again; not so without ``exact``, which is quicker and does for what is never
    written.

    Raises:
        ValueError: the text is not valid JSON, or not an object.

    """
    if text is None or not text.strip():
        return {}
    try:
        value = json.loads(text, **(numbers.hooks(text) if exact else {}))
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"it is a JSON {_JSON_NAMES[type(value)]}, not an object")  # noqa: TRY004 - a malformed text, not a caller's wrong type
    if text.count("{") + text.count("[") > DEEPEST and _is_deeper_than(DEEPEST, value):
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    return value


DEEPEST: Final = 100
"""Levels of objects and lists that a summary may have. Summaries are compared and written level by
level, and Python's stack must suffice for that."""


def _is_deeper_than(levels: int, value: Any) -> bool:
    below = [value]
    for _ in range(levels):
        below = [
            item
            for holder in below
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, dict | list)
        ]
        if not below:
            return False
    return True


_JSON_NAMES = {list: "list", str: "string", int: "number", float: "number", bool: "boolean"}


def dump(summary: Mapping[str, Any]) -> str:
    """The JSON text of a summary; ``parse(dump(s))`` is ``s``, also with bare ``Infinity``."""
    return numbers.dump(summary)


def get(summary: Mapping[str, Any], path: Path) -> Any:
    """The value at a path, or :data:`ABSENT`."""
    value: Any = summary
    for key in path:
        if not isinstance(value, _OBJECTS) or key not in value:
            return ABSENT
        value = value[key]
    return value


_OBJECTS: Final = (dict, Mapping)
"""The types that have keys. ``dict`` is first: a check against an abstract type takes longer,
and a scan makes a dozen checks per run."""


def findings(summary: Mapping[str, Any], dotted: str) -> tuple[Any, Any]:
    """The values that a dotted name can mean: that of the flat key, then of the nested one."""
    return get(summary, (dotted,)), get(summary, tuple(dotted.split(".")))


def form_of(summary: Mapping[str, Any], namespace: str) -> Form | None:
    """The form of ``state`` under the namespace; None if it is not there."""
    flat = get(summary, flat_path(namespace, "state")) is not ABSENT
    nested = get(summary, nested_path(namespace, "state")) is not ABSENT
    if flat and nested:
        return Form.BOTH
    if flat:
        return Form.FLAT
    return Form.NESTED if nested else None


def form_for_new_keys(summary: Mapping[str, Any], namespace: str) -> Form:
    """The form in which a summary without a state gets one: that of other keys there, or flat."""
    return Form.NESTED if isinstance(get(summary, (namespace,)), Mapping) else Form.FLAT


_NAMES: Final = 256
"""More than the number of the janitor's names, so that their places are computed once."""


@lru_cache(_NAMES)
def flat_path(namespace: str, name: str) -> Path:
    """The flat path of a name under the namespace."""
    return (f"{namespace}.{name}",)


@lru_cache(_NAMES)
def nested_path(namespace: str, name: str) -> Path:
    """The nested path of a name under the namespace; a dotted name has more levels."""
    return (namespace, *name.split("."))


def places(form: Form, namespace: str, name: str) -> tuple[Path, ...]:
    """The paths of a name in a summary of this form.

    A summary of both forms has flat keys. Only ``state`` is also nested, so that the two agree.
    """
    if form is Form.NESTED:
        return (nested_path(namespace, name),)
    if form is Form.BOTH and name == "state":
        return (flat_path(namespace, name), nested_path(namespace, name))
    return (flat_path(namespace, name),)


def read(summary: Mapping[str, Any], namespace: str, name: str) -> Any:
    """The value under the namespace: in the form of ``state`` first, then in the other."""
    first, second = readings(summary, namespace, name)
    return first if first is not ABSENT else second


def readings(summary: Mapping[str, Any], namespace: str, name: str) -> tuple[Any, Any]:
    """The values under the namespace; if both forms are there, that of ``state`` first."""
    flat = get(summary, flat_path(namespace, name))
    nested = get(summary, nested_path(namespace, name))
    if flat is ABSENT or nested is ABSENT:
        return (nested, ABSENT) if flat is ABSENT else (flat, ABSENT)
    return (nested, flat) if form_of(summary, namespace) is Form.NESTED else (flat, nested)


def edited(summary: Mapping[str, Any], edits: Mapping[Path, Any]) -> dict[str, Any]:
    """A copy of the summary with each path set to its value, or removed if that is ABSENT.

    Objects on a path are copied, created if they are missing, and removed with their last key. All
    other values are shared with the original.

    Raises:
        ValueError: a value that is not an object blocks a path.

    """
    result = dict(summary)
    for path, value in edits.items():
        if value is ABSENT:
            _remove(result, path)
            continue
        level = result
        for key in path[:-1]:
            below = level.get(key, {})
            if not isinstance(below, Mapping):
                raise ValueError(f"{key!r} is in use: it does not hold an object but {below!r:.60}")  # noqa: TRY004 - the summary's fault, not the caller's type
            level[key] = below = dict(below)
            level = below
        level[path[-1]] = value
    return result


def _remove(level: dict[str, Any], path: Path) -> None:
    """Remove the value at a path, if there is one, and the objects that this leaves empty."""
    if get(level, path) is ABSENT:
        return
    first, *rest = path
    if rest:
        level[first] = below = dict(level[first])
        _remove(below, tuple(rest))
        if below:
            return
    del level[first]


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: 1 is 1.0, NaN is NaN, true is not 1.

    An integer of many digits is not the float nearest to it, and 1e400 is not infinity.
    """
    if type(left) is str and type(right) is str:  # what is compared most often
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return numbers.same(left, right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def same_or_absent(left: Any, right: Any) -> bool:
    """Whether two values are equal, or both are absent."""
    if left is ABSENT or right is ABSENT:
        return left is right
    return same(left, right)


def differences(
    left: Mapping[str, Any], right: Mapping[str, Any], prefix: Path = ()
) -> Iterator[tuple[Path, Any, Any]]:
    """Each difference of two summaries: the path, and the left and the right value or ABSENT."""
    for key in left.keys() | right.keys():
        ours, theirs = left.get(key, ABSENT), right.get(key, ABSENT)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            yield from differences(ours, theirs, (*prefix, key))
        elif not same_or_absent(ours, theirs):
            yield (*prefix, key), ours, theirs


def digest(summary: Mapping[str, Any]) -> str:
    """A SHA-256 in hex, equal for summaries from JSON that are :func:`same`."""
    return hashlib.sha256(json.dumps(_canonical(summary), sort_keys=True).encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """The value with one spelling for each number."""
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and (digits := numbers.beyond_floats(value)) is not None:
        return ["number", digits]
    return int(value) if isinstance(value, float) and value.is_integer() else value
