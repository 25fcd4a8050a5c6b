"""Configurations with an objective: the mean of their repeats, and its interval. Pure.

A configuration has an objective when all its repeats were launched and are over, and at least half
of them ended well. Excluded and deleted repeats do not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from janitor.model.ledger import Ledger
from janitor.model.trial import Trial
from janitor.sweep.intervals import interval_of


@dataclass(frozen=True, slots=True)
class Configuration:
    """One configuration that has an objective."""

    index: int
    run: str
    """Of its first visible repeat."""
    params: Mapping[str, Any]
    results: tuple[float, ...]
    """The objectives of the repeats that ended well."""
    values: Mapping[str, float]
    """The mean of each objective, if there are several."""
    constraints: tuple[float, ...]
    """The means of the violations."""

    @property
    def objective(self) -> float:
        """The mean."""
        return mean(self.results)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the mean; None if there is one result."""
        return interval_of(self.results)

    @property
    def is_feasible(self) -> bool:
        """Whether it violates no constraint, in the mean."""
        return all(each <= 0 for each in self.constraints)


def by_index(trials: Iterable[Trial]) -> dict[int, list[Trial]]:
    """The trials of each configuration, in the order of their creation."""
    groups: dict[int, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.index, []).append(trial)
    return groups


def configurations(ledger: Ledger, repeats: int = 1) -> list[Configuration]:
    """The configurations that have an objective, in the order of their numbers."""
    groups = by_index(ledger.trials.values())
    found = (
        _made(index, groups[index]) for index in sorted(groups) if len(groups[index]) >= repeats
    )
    return [each for each in found if each is not None]


def best_configuration(ledger: Ledger, sign: int, repeats: int = 1) -> Configuration | None:
    """The one with the best objective that meets all constraints; the first one.

    Args:
        ledger: The sweep.
        sign: 1 to maximize, -1 to minimize.
        repeats: How many trials a configuration has.

    """
    feasible = [each for each in configurations(ledger, repeats) if each.is_feasible]
    return max(feasible, key=lambda each: sign * each.objective, default=None)


def results(trials: Iterable[Trial]) -> list[float]:
    """The finite objectives of trials."""
    return [
        trial.objective
        for trial in trials
        if trial.objective is not None and math.isfinite(trial.objective)
    ]


def mean(values: Sequence[float]) -> float:
    """The mean, without rounding errors that depend on the order."""
    return math.fsum(values) / len(values)


def _made(index: int, trials: Sequence[Trial]) -> Configuration | None:
    visible = [trial for trial in trials if not (trial.is_excluded or trial.is_deleted)]
    found = results(visible)
    if not found or 2 * len(found) < len(visible) or not all(one.is_over for one in visible):
        return None
    ends = [trial.end for trial in visible if trial.end is not None and results([trial])]
    rows = [end.constraints for end in ends]
    names = ends[0].values if ends else ()
    whole = [end.values for end in ends if end.values.keys() >= set(names)]
    return Configuration(
        index,
        visible[0].run,
        visible[0].params,
        tuple(found),
        {name: mean([values[name] for values in whole]) for name in names},
        tuple(mean(column) for column in zip(*rows, strict=False)),
    )
