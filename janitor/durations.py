"""Durations as people write and read them."""

from __future__ import annotations

from datetime import timedelta

import humanize


def format_age(age: timedelta) -> str:
    """An age in words: "3 hours and 12 minutes"."""
    age = abs(age)
    if age >= timedelta(days=2):
        unit = "hours"
    else:
        unit = "minutes" if age >= timedelta(hours=1) else "seconds"
    return humanize.precisedelta(age, minimum_unit=unit, format="%d")
