"""When a sweep will be done, with its spread, and how good earlier predictions were. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev
from typing import Final

from janitor.sweep.analysis.data import SweepData, TrialRow

_CHECKS: Final = 20
"""So many moments of the past are looked at."""


@dataclass(frozen=True, slots=True)
class Check:
    """What would have been predicted at a moment of the past, and what happened."""

    at: float
    """Seconds since the epoch."""
    over: int
    """Trials that were over then."""
    predicted: float
    """Seconds until as many trials would be over as are now."""
    spread: float
    actual: float

    @property
    def is_within(self) -> bool:
        """Whether it happened within two spreads."""
        return abs(self.predicted - self.actual) <= 2 * self.spread


@dataclass(frozen=True, slots=True)
class Eta:
    """A prediction."""

    seconds: float | None
    """Until the sweep is done; None if it is not known."""
    spread: float | None
    """One standard error, in seconds."""
    checks: tuple[Check, ...]

    @property
    def typical_error(self) -> float | None:
        """The median error of earlier predictions, as a share of what happened."""
        errors = [abs(one.predicted - one.actual) / one.actual for one in self.checks]
        return median(errors) if errors else None

    @property
    def within(self) -> float | None:
        """The share of earlier predictions that were right within two spreads."""
        return mean(one.is_within for one in self.checks) if self.checks else None


def eta(data: SweepData, left: int | None) -> Eta:
    """When a sweep will be done.

    Args:
        data: The sweep.
        left: How many trials are not over yet, those to come included; None if it is not known.

    """
    over = sorted(
        (row for row in data.trials if row.ended is not None), key=lambda row: row.ended or 0.0
    )
    seconds = spread = None
    if left == 0:
        seconds, spread = 0.0, 0.0
    elif left is not None and over:
        seconds, spread = _predicted(over, left, data)
    return Eta(seconds, spread, tuple(_checks(over, data)))


def _checks(over: Sequence[TrialRow], data: SweepData) -> list[Check]:
    if len(over) < 4:
        return []
    last = over[-1].ended or 0.0
    found = []
    counts = dict.fromkeys(
        max(2, round(len(over) * share / (_CHECKS + 1))) for share in range(1, _CHECKS + 1)
    )
    for count in counts:
        at = over[count - 1].ended or 0.0
        if last - at > 0:
            predicted, spread = _predicted(over[:count], len(over) - count, data)
            found.append(Check(at, count, predicted, spread, last - at))
    return found


def _predicted(over: Sequence[TrialRow], left: int, data: SweepData) -> tuple[float, float]:
    """The trials that are over, at the rate of the second half of the time that they took.

    The rate contains queues, retries and how many ran at once; the times of the first trials alone
    would not. The spread is that of a sum of so many intervals between ends of trials.
    """
    ends = [row.ended or 0.0 for row in over]
    recent = ends[len(ends) // 2 :] if len(ends) > 3 else [data.started, *ends]
    gaps = [after - before for before, after in itertools.pairwise(recent)]
    each = mean(gaps) if gaps else 0.0
    apart = stdev(gaps) if len(gaps) > 1 else each
    # Of the sum of the gaps to come, and of the mean that was measured.
    return left * each, apart * math.sqrt(left + left**2 / max(1, len(gaps)))
