"""Expressions in CEL, the Common Expression Language of Kubernetes, over named values.

The one file that imports a CEL library, and that when an expression is used. Its operators are
stricter than the library's own, which lets a text be unequal to a duration and thinks nothing of
it: values of two kinds are not compared, ``null`` equals ``null`` alone and is not ordered, and
numbers compare whether whole or not. As in CEL, ``false && error`` is false.

https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celpy import Environment

LONGEST = 2000
"""Characters of an expression."""
_PARSING = Lock()
"""The library's parser is one for all threads."""


class ExpressionError(ValueError):
    """An expression cannot be read, or not be evaluated; its text is a part of a sentence."""

    def __init__(self, message: str, problems: int = 1) -> None:
        super().__init__(message)
        self.problems = problems
        """How many parts of the expression failed."""


class Expression:
    """A compiled expression; safe from many threads.

    Args:
        tree: As the parser gave it.
        environment: The library's.

    """

    def __init__(self, tree: Any, environment: Environment) -> None:
        self.tree = tree
        self._environment = environment
        self._lenient = environment.program(tree, functions=_operators(lenient=True))
        self._strict = environment.program(tree, functions=_operators(lenient=False))

    def evaluate(self, values: Mapping[str, Any], *, lenient: bool = True) -> Any:
        """The expression's value, in Python's types.

        Args:
            values: What the names stand for: JSON values, times and durations.
            lenient: Whether a decided ``&&`` or ``||`` forgives an error on its other side.

        Raises:
            ExpressionError: it has none.

        """
        from celpy.evaluation import CELEvalError  # noqa: PLC0415 - an optional library

        program = self._lenient if lenient else self._strict
        try:
            return program.evaluate({name: _to_cel(value) for name, value in values.items()})
        except CELEvalError as error:
            raise ExpressionError(_explain(error), getattr(error, "problems", 1)) from error
        except RecursionError as error:
            raise ExpressionError("it is nested too deeply") from error

    def part(self, tree: Any) -> Expression:
        """A part of the expression, by itself."""
        return Expression(tree, self._environment)


@lru_cache(maxsize=256)
def compiled(text: str) -> Expression:
    """Compile an expression.

    Raises:
        ExpressionError: it is no CEL, or the library is not installed.

    """
    if len(text) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST} characters")
    try:
        import celpy.celparser  # noqa: PLC0415 - an optional library
    except ImportError as error:
        raise ExpressionError(
            "needs the extra 'cel': install wandb-janitor[cel] (or the package cel-python)"
        ) from error
    try:
        with _PARSING:
            environment = celpy.Environment()
            return Expression(environment.compile(text), environment)
    except celpy.celparser.CELParseError as error:
        place = f" at line {error.line}, column {error.column}" if error.line else ""
        raise ExpressionError(f"is no CEL expression{place}") from error
    except RecursionError as error:
        raise ExpressionError("is nested too deeply") from error


@cache
def _types() -> Any:
    """The library's types."""
    from celpy import celtypes  # noqa: PLC0415 - an optional library

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


def _to_cel(value: Any) -> Any:  # noqa: PLR0911 - one a kind of value
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
            return _types().MapType({_to_cel(key): _to_cel(each) for key, each in items})
        case _:
            return _types().ListType([_to_cel(each) for each in value])


def _operators(*, lenient: bool) -> dict[str, Callable[..., Any]]:
    """Our own operators, by the names that the library gives them."""
    ordered = {"_<_": operator.lt, "_<=_": operator.le, "_>_": operator.gt, "_>=_": operator.ge}
    sums = {"_+_": operator.add, "_-_": operator.sub, "_*_": operator.mul, "_/_": operator.truediv}
    return {
        "_==_": _between(_are_equal),
        "_!=_": _between(lambda left, right: not _are_equal(left, right)),
        "_in_": _between(_is_in),
        **{name: _between(_ordering(compare)) for name, compare in ordered.items()},
        **{name: _arithmetic(name[1], compute) for name, compute in sums.items()},
        "!_": _not,
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
        if kinds == ("a number", "a number") and type(left) is not type(right):
            left, right = _types().DoubleType(left), _types().DoubleType(right)
        try:
            return compute(left, right)
        except TypeError as error:
            raise TypeError(f"{kinds[0]} {sign} {kinds[1]} has no meaning") from error

    return operate


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


_MEMBER = re.compile(r"no such member in mapping: '(.*)'")
_UNDECLARED = re.compile(r"undeclared reference to '(.*?)'")
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+?)(?:Type)?'>|'NoneType' object")


def _explain(error: Exception) -> str:
    """The library's error in words."""
    said, *rest = error.args
    if found := _MEMBER.match(str(said)):
        return f"there is no {found[1]!r}"
    if found := _UNDECLARED.match(str(said)):
        return f"there is no function {found[1]!r}"
    detail = rest[1] if len(rest) > 1 and rest[1] else (said,)
    text = detail[0].decode(errors="replace") if isinstance(detail[0], bytes) else str(detail[0])
    text = _CLASS.sub(lambda found: (found[1] or "None").lower(), " ".join(text.split()))
    text = re.sub(r"\bnone\b", "null", text)
    if rest and rest[0] is KeyError:
        return f"there is no {text!r}"
    return text if len(text) <= 200 else f"{text[:197]}..."
