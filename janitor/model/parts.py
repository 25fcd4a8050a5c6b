"""Parts of a target's runs, which a scan can ask for instead of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Whole:
    """Every run of the target, also those that have been silent for longer than ``active_since``.

    The other parts are without those.
    """


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The runs that have been silent for longer than ``active_since``."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The runs that may have changed since a moment.

    Those that have not ended by the store's word, that showed life or were created since then, and
    that never showed life.
    """

    since: datetime


@dataclass(frozen=True, slots=True)
class Unchanged:
    """All other runs: ended, with their last sign of life and their creation before the moment."""

    since: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """The runs with these ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Created:
    """The runs that were created in a period: ``start`` ≤ created < ``end``; None is no limit."""

    start: datetime | None
    end: datetime | None


Part: TypeAlias = Whole | LeftOut | Changed | Unchanged | Named | Created
