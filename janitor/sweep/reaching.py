"""Which milestones the reports of a training have reached. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from janitor.model.jobs import Ending, Report
from janitor.model.ledger_items import Ended, Reached
from janitor.model.trial import Attempt, Trial


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How reports are read."""

    metric: str
    """The objective."""
    resource: str | None = ""
    """As in :class:`~janitor.sweep.ports.Scheduler`."""

    def measured(self, reports: Iterable[Report], points: int = 0) -> Iterator[tuple[float, float]]:
        """(resource, value) of each report of the metric whose resource is known.

        Args:
            reports: Of one attempt, in order. The resource is carried forward.
            points: How many finite values earlier attempts have reported.

        """
        resource: float | None = None
        for report in reports:
            given = report.metrics.get(self.metric)
            if self.resource is None:
                if is_point(given):
                    points += 1
                    yield points, float(given or 0)
                continue
            counted = number_of(report.metrics.get(self.resource)) if self.resource else report.step
            resource = counted if counted is not None else resource
            if self.metric in report.metrics and resource is not None:
                value = number_of(given)
                yield resource, math.nan if value is None else value


def reached(
    trial: Trial, job: Attempt, milestones: Sequence[float], measured: Iterable[tuple[float, float]]
) -> Iterator[Reached]:
    """The first value at or past each milestone that is not known yet."""
    known = {one.rung for one in trial.reached}
    missing = [milestone for milestone in milestones if milestone not in known]
    for resource, value in measured:
        while missing and resource >= missing[0]:
            yield Reached(trial.run, job.launch.attempt, missing.pop(0), resource, value)


def reached_at_end(
    trial: Trial, job: Attempt, found: Iterable[Reached], ended: Ended
) -> Iterator[Reached]:
    """The rung of a training that ended well without a report at it: its last value counts.

    The training had nothing more to do, or it counts from 0.
    """
    rung = job.launch.rung
    if rung is None or ended.ending is not Ending.OK:
        return
    if rung in {one.rung for one in (*trial.reached, *found)}:
        return
    resource = rung if ended.resource is None else ended.resource
    value = math.nan if ended.objective is None else ended.objective
    yield Reached(trial.run, job.launch.attempt, rung, resource, value)


def with_best(
    trial: Trial, found: Sequence[Reached], measured: Iterable[tuple[float, float]], sign: int
) -> list[Reached]:
    """The same with the best value so far; without a new milestone, the last one if it improved.

    Args:
        trial: The trial.
        found: The new milestones.
        measured: (resource, value) of every report of the newest attempt.
        sign: 1 if high values are good, -1 if low ones are.

    """
    values = [value for _, value in measured if math.isfinite(value)]
    known = trial.reached[-1] if trial.reached else None
    if known is not None and known.best is not None:
        values.append(known.best)
    if not values:
        return list(found)
    best = max(values, key=lambda value: sign * value)
    if not found and known is not None and known.best != best:
        return [replace(known, best=best)]
    return [replace(one, best=best) for one in found]


def points_in(reports: Iterable[Report], metric: str) -> int:
    """How many finite values of the metric there are."""
    return sum(is_point(report.metrics.get(metric)) for report in reports)


def is_point(value: Any) -> bool:
    """Whether W&B counts a value as an iteration: a finite number, which a text never is."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number_of(value: Any) -> float | None:
    """A number from JSON, where NaN and infinity are texts."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def numbers_of(summary: Any, named: Iterable[str]) -> dict[str, float]:
    """The metrics of a summary that are finite numbers."""
    if not isinstance(summary, Mapping):
        return {}
    found = {name: number_of(summary.get(name)) for name in named}
    return {
        name: value for name, value in found.items() if value is not None and math.isfinite(value)
    }
