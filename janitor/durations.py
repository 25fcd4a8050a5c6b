"""Durations as people write and read them."""

from __future__ import annotations

from datetime import timedelta

import humanize

_LONGEST = timedelta(days=365 * 1000)
"""Times of somebody's broken clock lie further off than humanize can reckon from today."""


def format_age(age: timedelta) -> str:
    """An age in words: "3 hours and 12 minutes"."""
    age = min(abs(age), _LONGEST)
    if age >= timedelta(days=2):
        unit = "hours"
    else:
        unit = "minutes" if age >= timedelta(hours=1) else "seconds"
    return humanize.precisedelta(age, minimum_unit=unit, format="%d")
