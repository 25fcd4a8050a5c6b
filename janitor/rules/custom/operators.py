"""Values and operators of CEL, stricter than the library's own.

Values of two kinds are not compared, ``null`` equals only ``null`` and has no order, and whole
numbers compare with others. As in CEL, ``false && error`` is false. ``timestamp()`` reads seconds
since the epoch as well.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from janitor.model.evidence import parse_time
from janitor.model.wording import quoted
from janitor.rules.custom.bounds import take_for_size


@cache
def _types() -> Any:
    """The library's types."""
    from celpy import celtypes

    return celtypes


def kind_of(value: Any) -> str:
    """What kind of value this is, in words."""
    kinds: tuple[tuple[Any, str], ...] = (
        (type(None), "null"),
        ((bool, _types().BoolType), "a truth value"),
        ((int, float), "a number"),
        (str, "a text"),
        (timedelta, "a duration"),
        (datetime, "a time"),
        (list, "a list"),
        (dict, "a map"),
    )
    return next((name for types, name in kinds if isinstance(value, types)), "something else")


def to_cel(value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
    """The value in the library's types."""
    match value:
        case None:
            return None
        case bool():
            return _types().BoolType(value)
        case int():
            fits = -(2**63) <= value < 2**63
            return _types().IntType(value) if fits else _types().DoubleType(float(str(value)))
        case float():
            return _types().DoubleType(value)
        case str():
            return _types().StringType(value)
        case datetime():
            return _types().TimestampType(value)
        case timedelta():
            return _types().DurationType(value)
        case Mapping():
            items = value.items()
            return _types().MapType({to_cel(key): to_cel(each) for key, each in items})
        case _:
            return _types().ListType([to_cel(each) for each in value])


def operators(*, lenient: bool) -> dict[str, Callable[..., Any]]:
    """Our own operators and functions, by the names that the library gives them.

    Args:
        lenient: Whether a decided ``&&`` or ``||`` forgives an error on its other side.

    """
    ordered = {"_<_": operator.lt, "_<=_": operator.le, "_>_": operator.gt, "_>=_": operator.ge}
    sums = {"_+_": operator.add, "_-_": operator.sub, "_*_": operator.mul, "_/_": operator.truediv}
    return {
        "_==_": _between(_are_equal),
        "_!=_": _between(lambda left, right: not _are_equal(left, right)),
        "_in_": _between(_is_in),
        **{name: _between(_ordering(compare)) for name, compare in ordered.items()},
        **{name: _arithmetic(name[1], compute) for name, compute in sums.items()},
        "!_": _not,
        "timestamp": _timestamp,
        "_&&_": _logical(decided_by=False, lenient=lenient),
        "_||_": _logical(decided_by=True, lenient=lenient),
    }


def _between(decide: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    """An operator between two values; an error on either side is its result."""

    def operate(left: Any, right: Any) -> Any:
        failed = _failures(left, right)
        return failed if failed is not None else _types().BoolType(decide(left, right))

    return operate


def _are_equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if (kind := kind_of(left)) != kind_of(right):
        raise TypeError(f"{kind} is never equal to {kind_of(right)}")
    return bool(_plain(left) == _plain(right))


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def decide(left: Any, right: Any) -> bool:
        kinds = kind_of(left), kind_of(right)
        if kinds[0] != kinds[1]:
            raise TypeError(f"{kinds[0]} cannot be compared with {kinds[1]}")
        if kinds[0] not in {"a number", "a text", "a duration", "a time"}:
            raise TypeError(f"{kinds[0]} has no order")
        return bool(compare(_plain(left), _plain(right)))

    return decide


def _is_in(left: Any, right: Any) -> bool:
    match kind_of(right):
        case "a list":
            return any(
                kind_of(item) == kind_of(left) and _plain(item) == _plain(left) for item in right
            )
        case "a map":
            return bool(left in right)
        case kind:
            raise TypeError(f"'in' looks into a list or a map, not into {kind}")


def _plain(value: Any) -> Any:
    """A number or text without the library's own idea of equality."""
    match value:
        case float():
            return float(value)
        case int():
            return int(value)
        case str():
            return str(value)
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {_plain(key): _plain(item) for key, item in value.items()}
        case _:
            return value


def _arithmetic(sign: str, compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def operate(left: Any, right: Any) -> Any:
        failed = _failures(left, right)
        if failed is not None:
            return failed
        kinds = kind_of(left), kind_of(right)
        if kinds == ("a number", "a number"):
            if type(left) is not type(right):
                left, right = _types().DoubleType(left), _types().DoubleType(right)
        elif kinds[0] == kinds[1] and kinds[0] in {"a text", "a list"}:
            take_for_size(len(left) + len(right))
        elif not set(kinds) <= {"a duration", "a time"}:
            raise TypeError(f"{kinds[0]} {sign} {kinds[1]} has no meaning")
        try:
            return compute(left, right)
        except TypeError as error:
            raise TypeError(f"{kinds[0]} {sign} {kinds[1]} has no meaning") from error

    return operate


def _timestamp(value: Any) -> Any:
    """A time from its text, or from seconds since the epoch: both are in summaries."""
    if isinstance(value, Exception):
        return value
    time = value if isinstance(value, datetime) else parse_time(_plain(value))
    if time is None:
        raise ValueError(f"timestamp({quoted(_plain(value))}) is not a time")
    return _types().TimestampType(time)


def _not(value: Any) -> Any:
    if isinstance(value, Exception):
        return value
    if not isinstance(value, _types().BoolType):
        raise TypeError(f"! is for truth values, not for {kind_of(value)}")
    return _types().BoolType(not value)


def _logical(*, decided_by: bool, lenient: bool) -> Callable[[Any, Any], Any]:
    def operate(left: Any, right: Any) -> Any:
        truths = [bool(side) for side in (left, right) if isinstance(side, _types().BoolType)]
        if lenient and decided_by in truths:
            return _types().BoolType(decided_by)
        failed = _failures(left, right)
        if failed is not None:
            return failed
        if len(truths) < 2:
            wrong = right if isinstance(left, _types().BoolType) else left
            raise TypeError(f"&& and || are between truth values, and there is {kind_of(wrong)}")
        return _types().BoolType(decided_by if decided_by in truths else not decided_by)

    return operate


def _failures(left: Any, right: Any) -> Any:
    """The first side that is an error, with both sides' problems counted; None where none is."""
    failed = [side for side in (left, right) if isinstance(side, Exception)]
    if not failed:
        return None
    problems = sum(getattr(side, "problems", 1) for side in failed)
    failed[0].problems = problems  # type: ignore[attr-defined] # our own note on the library's error
    return failed[0]
