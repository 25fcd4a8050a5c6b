"""How values and durations are written in messages and reports."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import humanize

_LONGEST = timedelta(days=365 * 1000)
"""Times of a broken clock may be further away than humanize can compute from today."""


def format_age(age: timedelta) -> str:
    """An age in words: "3 hours and 12 minutes"."""
    age = min(abs(age), _LONGEST)
    if age >= timedelta(days=2):
        unit = "hours"
    else:
        unit = "minutes" if age >= timedelta(hours=1) else "seconds"
    return humanize.precisedelta(age, minimum_unit=unit, format="%d")


def format_duration(duration: timedelta) -> str:
    """The shortest text that means this duration in the settings: "1h30m"; to the microsecond."""
    minutes, rest = divmod(duration - timedelta(days=duration.days), timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest.seconds}.{rest.microseconds:06}".rstrip("0").rstrip(".")
    parts = {"d": str(duration.days), "h": str(hours), "m": str(minutes), "s": seconds}
    return "".join(count + unit for unit, count in parts.items() if count != "0") or "0s"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel = 2
_SHORT.maxlist = _SHORT.maxdict = _SHORT.maxtuple = 3


def quoted(value: Any) -> str:
    """The value for use in a sentence: always short and on one line."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # an integer of thousands of digits, which Python refuses to print
        return "a number too long to print"


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """``"; did you mean 'settle'?"``, or nothing if no known word is close."""
    nearest = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def either(words: Iterable[str]) -> str:
    """The words as a choice: ``a, b or c``."""
    return _joined(words, "or")


def all_of(words: Iterable[str]) -> str:
    """The words as a list: ``a, b and c``."""
    return _joined(words, "and")


def _joined(words: Iterable[str], conjunction: str) -> str:
    *most, last = words
    return f"{', '.join(most)} {conjunction} {last}" if most else last


def and_more(first: Sequence[str], total: int) -> str:
    """The first words of a list of ``total``: ``a, b and 2,000 more``."""
    more = f" and {total - len(first):,} more" if total > len(first) else ""
    return ", ".join(first) + more


def counted(count: int, one: str, many: str | None = None) -> str:
    """``1 run`` or ``2,000 runs``; ``many`` is a plural that is not formed with an s."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {many or one + 's'}"
