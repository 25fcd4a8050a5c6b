"""Whether values of a sweep file can reach a trial: as JSON, and as words of a command."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from janitor.sweep.config.distributions import Distribution
from janitor.sweep.seeds import Numbers

_EXTREMES: Final = (0.0, 0.5, 1 - 2**-53)
"""Random numbers at which a draw is tried."""


def why_unusable(value: Any) -> str | None:
    """Why a value cannot be the value of a parameter; None if it can."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number"
    if isinstance(value, str):
        if "\0" in value:
            return "a text holds a NUL character, which no command can have"
        try:
            value.encode()
        except UnicodeEncodeError:
            return "a text holds half a character, which no command can have"
    inner = value if isinstance(value, list | tuple) else ()
    if isinstance(value, Mapping):
        inner = [*value, *value.values()]
    return next((why for each in inner if (why := why_unusable(each)) is not None), None)


def why_undrawable(distribution: Distribution) -> str | None:
    """Why a distribution has draws that are not finite numbers; None if it has none."""
    if distribution.values or distribution.kind.endswith("beta"):  # beta draws are at most 1
        return None
    for number in _EXTREMES:
        try:
            drawn = distribution.draw(_Same(number))
        except (OverflowError, ValueError, ZeroDivisionError):
            drawn = math.inf
        if not math.isfinite(drawn):
            return f"{distribution.kind} with these numbers has draws that are too large"
    return None


class _Same(Numbers):
    """The same number each time."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self._number = number

    def next(self) -> float:
        return self._number
