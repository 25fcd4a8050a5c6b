"""What each parameter does to the objective, and which pairs act together. Pure; needs scipy.

A numeric parameter is judged by the rank correlation of Spearman, another one by the test of
Kruskal and Wallis; a pair by the F test of the interaction in an analysis of variance of ranks, in
cells of equal counts. All p values of a kind are corrected for their number (Holm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from janitor.sweep.analysis.data import SweepData, TrialRow, is_numeric

FEWEST: Final = 8
"""Complete trials below which nothing is said."""
_BINS: Final = 5
_CELLS: Final = 4
"""Bins per side of a pair."""
_MOST_PARAMETERS: Final = 12
"""So many parameters are looked at in pairs: those with the largest effects."""


@dataclass(frozen=True, slots=True)
class Group:
    """The trials with one value of a parameter, or with values in one bin."""

    label: str
    trials: int
    mean: float
    low: float
    """The 95 % interval of the mean (Student's t)."""
    high: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What one parameter does."""

    parameter: str
    is_numeric: bool
    correlation: float | None
    """Spearman's, of the parameter and the objective; None if the parameter is not numeric."""
    explained: float
    """The share of the objective's variance of ranks that its groups explain, from 0 to 1."""
    p: float
    """Corrected."""
    groups: tuple[Group, ...]
    best: str
    """The label of the best group."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """Two parameters whose common effect is not the sum of their effects."""

    first: str
    second: str
    explained: float
    """The share of the variance of ranks that the interaction explains in addition."""
    p: float
    """Corrected."""


def effects(data: SweepData) -> list[Effect]:
    """The effect of each parameter, the largest first; empty if there are too few trials."""
    rows = data.complete()
    if len(rows) < FEWEST:
        return []
    found = [
        effect for name in data.parameters() if (effect := _effect(rows, name, data)) is not None
    ]
    corrected = holm([effect.p for effect in found])
    found = [
        Effect(
            one.parameter, one.is_numeric, one.correlation, one.explained, p, one.groups, one.best
        )
        for one, p in zip(found, corrected, strict=True)
    ]
    return sorted(found, key=lambda effect: -effect.explained)


def interactions(data: SweepData, found: Sequence[Effect]) -> list[Interaction]:
    """The pairs of parameters, those with the largest interaction first."""
    rows = data.complete()
    names = [effect.parameter for effect in found[:_MOST_PARAMETERS]]
    pairs = [
        pair
        for first, second in combinations(names, 2)
        if (pair := _interaction(rows, first, second)) is not None
    ]
    corrected = holm([pair.p for pair in pairs])
    pairs = [
        Interaction(one.first, one.second, one.explained, p)
        for one, p in zip(pairs, corrected, strict=True)
    ]
    return sorted(pairs, key=lambda pair: -pair.explained)


def holm(values: Sequence[float]) -> list[float]:
    """P values corrected for their number (Holm, 1979)."""
    order = sorted(range(len(values)), key=lambda number: values[number])
    corrected, largest = [0.0] * len(values), 0.0
    for rank, number in enumerate(order):
        largest = max(largest, min(1.0, values[number] * (len(values) - rank)))
        corrected[number] = largest
    return corrected


def binned(values: Sequence[Any], most: int) -> tuple[NDArray[np.int_], list[str]]:
    """The number of each value's bin, and the labels of the bins.

    Numeric values with more than ``most`` different ones get bins of about equal counts.
    """
    if not is_numeric(values) or len(set(values)) <= most:
        words = sorted({label_of(value) for value in values})
        if all(isinstance(value, int | float) for value in values):
            words = [label_of(value) for value in sorted(set(values))]
        position = {word: number for number, word in enumerate(words)}
        return np.array([position[label_of(value)] for value in values]), words
    column = np.asarray(values, dtype=float)
    edges = np.unique(np.quantile(column, np.linspace(0, 1, most + 1)))
    numbers = np.clip(np.searchsorted(edges, column, side="right") - 1, 0, len(edges) - 2)
    inside = [column[numbers == number] for number in range(len(edges) - 1)]
    labels = [
        f"{part.min():.4g} to {part.max():.4g}" if len(part) else "nothing" for part in inside
    ]
    return numbers, labels


def label_of(value: Any) -> str:
    """A value of a parameter as a short text."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _effect(rows: Sequence[TrialRow], name: str, data: SweepData) -> Effect | None:
    from scipy import stats

    mine = [row for row in rows if name in row.params]
    values = [row.params[name] for row in mine]
    objective = np.array([row.value for row in mine], dtype=float)
    if len(mine) < FEWEST or np.ptp(objective) == 0:
        return None
    numbers, labels = binned(values, _BINS if is_numeric(values) else len(mine))
    if len(set(numbers.tolist())) < 2:
        return None
    ranks = stats.rankdata(objective)
    explained = 1 - _within(ranks, numbers) / float(((ranks - ranks.mean()) ** 2).sum())
    correlation = None
    if is_numeric(values):
        outcome = stats.spearmanr(np.asarray(values, dtype=float), objective)
        correlation, p = float(outcome.statistic), float(outcome.pvalue)
        # A peak in the middle has no rank correlation: the better of two tests, corrected.
        p = min(1.0, 2 * min(p, _kruskal(objective, numbers)))
    else:
        p = _kruskal(objective, numbers)
    groups = tuple(_groups(objective, numbers, labels))
    best = max(groups, key=lambda group: data.sign * group.mean).label
    return Effect(name, is_numeric(values), correlation, max(0.0, explained), p, groups, best)


def _within(ranks: NDArray[np.float64], numbers: NDArray[np.int_]) -> float:
    """The sum of squares within the groups."""
    counts = np.bincount(numbers)
    sums, squares = np.bincount(numbers, ranks), np.bincount(numbers, ranks**2)
    return float((squares - sums**2 / np.maximum(counts, 1)).sum())


def _kruskal(objective: NDArray[np.float64], numbers: NDArray[np.int_]) -> float:
    from scipy import stats

    groups = [objective[numbers == number] for number in np.unique(numbers)]
    groups = [group for group in groups if len(group) > 1]
    if len(groups) < 2:
        return 1.0
    p = float(stats.kruskal(*groups).pvalue)
    return 1.0 if math.isnan(p) else p


def _groups(
    objective: NDArray[np.float64], numbers: NDArray[np.int_], labels: Sequence[str]
) -> list[Group]:
    found = []
    for number, label in enumerate(labels):
        values = objective[numbers == number]
        if len(values):
            low, high = mean_interval(values)
            found.append(Group(label, len(values), float(values.mean()), low, high))
    return found


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % interval of a mean (Student's t); NaN for a single value."""
    from scipy import stats

    if len(values) < 2:
        return math.nan, math.nan
    half = float(stats.t.ppf(0.975, len(values) - 1)) * float(values.std(ddof=1))
    half /= math.sqrt(len(values))
    mean = float(values.mean())
    return mean - half, mean + half


def _interaction(rows: Sequence[TrialRow], first: str, second: str) -> Interaction | None:
    """The F test of the cells' means against the sum of the two effects."""
    from scipy import stats

    mine = [row for row in rows if first in row.params and second in row.params]
    if len(mine) < 4 * FEWEST:
        return None
    ranks = stats.rankdata([row.value for row in mine])
    one, _ = binned([row.params[first] for row in mine], _CELLS)
    other, _ = binned([row.params[second] for row in mine], _CELLS)
    if max(one.max(), other.max()) >= 2 * _CELLS:
        return None  # a category with many values: the cells would be nearly empty
    cells = one * (int(other.max()) + 1) + other
    used = len(np.unique(cells))
    design = np.column_stack(
        [np.ones(len(mine)), *(one == n for n in np.unique(one)[1:])]
        + [other == n for n in np.unique(other)[1:]]
    ).astype(float)
    beside, *_ = np.linalg.lstsq(design, ranks, rcond=None)
    additive = float(((ranks - design @ beside) ** 2).sum())
    full = _within(ranks, cells)
    between, within = used - np.linalg.matrix_rank(design), len(mine) - used
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if between <= 0 or within <= 0 or total == 0 or full <= 0:
        return None
    statistic = (additive - full) / between / (full / within)
    p = float(stats.f.sf(statistic, between, within))
    return Interaction(first, second, max(0.0, (additive - full) / total), p)
