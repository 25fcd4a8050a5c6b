"""Durations as text: 90s, 30m, 2h, 1d, 1h30m; a bare number is seconds."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Annotated, Any

import durationpy
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from janitor.model.wording import format_duration, quoted

LONGEST = timedelta(days=3650)
"""Anything longer is a typing mistake, and could overflow a date."""

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
PATTERN = rf"^(?:{_NUMBER}|(?:{_NUMBER}d ?)?(?:{_NUMBER}h ?)?(?:{_NUMBER}m ?)?(?:{_NUMBER}s)?)$"
"""The text of a duration, for editors: days, hours, minutes, seconds, in this order."""

_TEXT = re.compile(PATTERN)
_SHAPE = "must be a duration such as 90s, 30m, 2h, 1d or 1h30m (a bare number is seconds)"


def parse_duration(value: Any) -> timedelta:
    """A duration from text, or from a number of seconds.

    Raises:
        ValueError: it is not a duration, negative, not finite, or longer than ten years. The
            message follows a setting's name: "must be a duration such as 90s, …, not 'abc'".

    """
    duration = _to_timedelta(value)
    if duration is None:
        raise ValueError(f"{_SHAPE}, not {quoted(value)}")
    if duration < timedelta(0):
        raise ValueError(f"must not be negative, but is {quoted(value)}")
    if duration > LONGEST:
        raise ValueError(f"must be at most {LONGEST.days}d (ten years), not {quoted(value)}")
    return duration


def parse_positive_duration(value: Any) -> timedelta:
    """A duration longer than 0.

    Raises:
        ValueError: as for :func:`parse_duration`, and for 0.

    """
    duration = parse_duration(value)
    if not duration:
        raise ValueError(f"must be longer than 0, not {quoted(value)}")
    return duration


def _to_timedelta(value: Any) -> timedelta | None:
    """The value as a duration, also if it is negative or too long; None if it is not one."""
    match value:
        case timedelta():
            return value
        case bool():
            return None
        case int() | float():
            return _from_seconds(value)
        case str():
            return _from_text(value.strip())
        case _:
            return None


def _from_seconds(seconds: float) -> timedelta | None:
    if isinstance(seconds, float) and not math.isfinite(seconds):
        return None
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        return timedelta.max if seconds > 0 else timedelta.min


def _from_text(text: str) -> timedelta | None:
    unsigned = text.removeprefix("-").lstrip()
    if not unsigned or not _TEXT.fullmatch(unsigned):
        return None
    with_unit = unsigned if unsigned[-1].isalpha() else f"{unsigned}s"
    try:
        duration: timedelta = durationpy.from_str(with_unit.replace(" ", ""))
    except (
        durationpy.DurationError,
        OverflowError,
    ):  # it can only be too long
        duration = -timedelta.min
    return -duration if text.startswith("-") else duration


def _schema(*, positive: bool) -> WithJsonSchema:
    number = {"type": "number", "exclusiveMinimum" if positive else "minimum": 0}
    return WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": PATTERN, "minLength": 1}, number],
            "examples": ["90s", "30m", "2h", "1d", "1h30m"],
        }
    )


_as_text = PlainSerializer(format_duration, return_type=str, when_used="json")

Duration = Annotated[timedelta, BeforeValidator(parse_duration), _as_text, _schema(positive=False)]
"""A setting that is a duration."""

PositiveDuration = Annotated[
    timedelta, BeforeValidator(parse_positive_duration), _as_text, _schema(positive=True)
]
"""A setting that is a duration longer than 0."""
