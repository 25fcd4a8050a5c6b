"""JSON numbers that keep their digits, whatever Python makes of them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, Self


class Number(float):
    """A JSON number with the digits in which it was read.

    Python reads ``1e400`` as infinity, ``123456789012345678.0`` and ``0.1000000000000000055``
    with fewer digits. As a value, this is that float; :func:`dump` writes the digits.
    """

    text: str

    def __new__(cls, text: str) -> Self:
        """A number from its JSON text."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[Number], tuple[str]]:
        """For copies, which keep the digits."""
        return Number, (self.text,)


_NEGATIVE_ZERO: Final = re.compile(r"-0(?![.\deE])")
"""An integer that Python would write as ``0``."""


def _number(text: str) -> float:
    value = float(text)
    return value if float.__repr__(value) == text else Number(text)


def _integer(text: str) -> int | Number:
    return Number(text) if text == "-0" else int(text)


def hooks(text: str) -> dict[str, Any]:
    """What ``json.loads`` needs so that each number of this text keeps its digits."""
    found: dict[str, Any] = {"parse_float": _number}
    if _NEGATIVE_ZERO.search(text):
        found["parse_int"] = _integer
    return found


def dump(value: Any) -> str:
    """As ``json.dumps``, with each :class:`Number` in its own digits."""
    return _exact_text(value) if _holds_number(value) else json.dumps(value)


def _holds_number(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_number(item) for item in value.values())
    if isinstance(value, list):
        return any(map(_holds_number, value))
    return isinstance(value, Number)


def _exact_text(value: Any) -> str:
    """As ``json.dumps``, with each :class:`Number` in its own digits."""
    if isinstance(value, Mapping):
        items = (f"{json.dumps(key)}: {_exact_text(item)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_exact_text, value)) + "]"
    return value.text if isinstance(value, Number) else json.dumps(value)


def same(left: float, right: float) -> bool:
    """Whether two numbers are equal; NaN is NaN, and 1e400 is not infinity."""
    beyond = beyond_floats(left), beyond_floats(right)
    if any(beyond):
        return beyond[0] == beyond[1]
    return left == right or (left != left and right != right)  # noqa: PLR0124 - only NaN is not itself


def beyond_floats(value: float) -> str | None:
    """The digits of a finite number that no float can hold; None for any other number."""
    return value.text if isinstance(value, Number) and math.isinf(value) else None
