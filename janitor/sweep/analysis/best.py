"""The best configurations, and how certain it is that the best one is the best. Needs scipy.

With repeats: the test of Tukey and Kramer of the best configuration against the others, which
corrects for the number of comparisons and for the choice of the best, and a bootstrap.

Without repeats the noise of a result is not known. It is then estimated from configurations that
are close to each other; as these differ also in their params, this is an upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from janitor.sweep.analysis.data import SweepData, TrialRow, is_numeric

_RESAMPLES: Final = 2_000
_SEED: Final = 0x6A616E
_FEWEST_FOR_NOISE: Final = 10
_LEVEL: Final = 0.05
_MOST_COMPARED: Final = 30
"""So many configurations are compared with the best one."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The complete trials with the same params."""

    runs: tuple[str, ...]
    params: dict[str, Any]
    mean: float
    low: float | None
    """The 95 % interval of its mean; None if the noise is not known."""
    high: float | None
    p: float | None = None
    """That it is as good as the best one (Tukey and Kramer); None without repeats."""

    @property
    def repeats(self) -> int:
        """How many trials it has."""
        return len(self.runs)


@dataclass(frozen=True, slots=True)
class Best:
    """The best configurations, the best one first."""

    configurations: tuple[Configuration, ...]
    certainty: float | None
    """The share of resamples in which the best one stayed the best; None if noise is not known."""
    noise: float | None
    """The standard deviation of one result."""
    noise_from: Literal["repeats", "neighbours", "unknown"]
    as_good: int
    """How many others cannot be told from the best one."""


def best_configurations(data: SweepData, most: int = 10) -> Best:
    """The best configurations of a sweep, with intervals of their means."""
    groups: dict[str, list[TrialRow]] = {}
    for row in data.complete():
        groups.setdefault(row.configuration, []).append(row)
    ranked = sorted(groups.values(), key=lambda rows: -data.sign * _mean(rows))
    noise, source = _noise(data, ranked)
    top = ranked[:_MOST_COMPARED]
    degrees = sum(len(rows) - 1 for rows in ranked)
    p_values: list[float | None] = [None] * len(top)
    if source == "repeats" and noise is not None:
        p_values = _as_good(top, noise, degrees, len(ranked))
    found = tuple(
        _configuration(rows, noise, degrees if source == "repeats" else None, p)
        for rows, p in zip(top, p_values, strict=True)
    )
    certainty = None if noise is None or not top else _certainty(top, noise, data.sign)
    if source == "repeats":
        as_good = sum(one.p is None or one.p >= _LEVEL for one in found[1:])
    else:
        as_good = sum(
            one.high is not None
            and found[0].low is not None
            and abs(one.mean - found[0].mean) <= 1.96 * math.sqrt(2) * (noise or 0.0)
            for one in found[1:]
        )
    return Best(found[:most], certainty, noise, source, as_good)


def _mean(rows: Sequence[TrialRow]) -> float:
    return math.fsum(row.value or 0.0 for row in rows) / len(rows)


def _configuration(
    rows: Sequence[TrialRow], noise: float | None, degrees: int | None, p: float | None
) -> Configuration:
    from scipy import stats

    mean, low, high = _mean(rows), None, None
    if noise is not None:
        factor = float(stats.t.ppf(0.975, degrees)) if degrees else 1.96
        half = factor * noise / math.sqrt(len(rows))
        low, high = mean - half, mean + half
    return Configuration(tuple(row.run for row in rows), dict(rows[0].params), mean, low, high, p)


def _noise(
    data: SweepData, groups: Sequence[Sequence[TrialRow]]
) -> tuple[float | None, Literal["repeats", "neighbours", "unknown"]]:
    """The standard deviation of one result, and what it was estimated from."""
    squares = degrees = 0.0
    for rows in groups:
        mean = _mean(rows)
        squares += math.fsum(((row.value or 0.0) - mean) ** 2 for row in rows)
        degrees += len(rows) - 1
    if degrees >= 1:
        return math.sqrt(squares / degrees), "repeats"
    rows = data.complete()
    points = unit_points(data, rows)
    if len(rows) < _FEWEST_FOR_NOISE or points.shape[1] == 0:
        return None, "unknown"
    from scipy.spatial import cKDTree

    values = np.array([row.value for row in rows], dtype=float)
    _, nearest = cKDTree(points).query(points, k=2)
    apart = np.abs(values - values[nearest[:, 1]])
    return float(np.median(apart) * 1.4826 / math.sqrt(2)), "neighbours"


def unit_points(data: SweepData, rows: Sequence[TrialRow]) -> NDArray[np.float64]:
    """The params as points in a cube: numbers scaled to 0 to 1, a column per category."""
    columns: list[NDArray[np.float64]] = []
    for name in data.parameters():
        values = [row.params.get(name) for row in rows]
        if is_numeric(values):
            column = np.array(values, dtype=float)
            if name in data.logs and column.min() > 0:
                column = np.log(column)
            columns.append((column - column.min()) / (np.ptp(column) or 1.0))
        else:
            words = [repr(value) for value in values]
            columns.extend(np.array([one == word for one in words], float) for word in set(words))
    return np.column_stack(columns) if columns else np.empty((len(rows), 0))


def _as_good(
    groups: Sequence[Sequence[TrialRow]], noise: float, degrees: int, configurations: int
) -> list[float | None]:
    """The p value of each group: that it is as good as the first one (Tukey and Kramer).

    The first one was chosen because it is the best of all, and all pairs of configurations could
    have been compared: the studentized range allows for that.
    """
    from scipy import stats

    if noise <= 0:
        return [None] * len(groups)
    first = groups[0]
    found: list[float | None] = [None]
    for rows in groups[1:]:
        spread = noise * math.sqrt((1 / len(first) + 1 / len(rows)) / 2)
        distance = abs(_mean(first) - _mean(rows)) / spread
        found.append(float(stats.studentized_range.sf(distance, configurations, degrees)))
    return found


def _certainty(groups: Sequence[Sequence[TrialRow]], noise: float, sign: int) -> float:
    """In which share of resamples, with this noise, the first group stays the best."""
    means = np.array([_mean(rows) for rows in groups])
    counts = np.array([len(rows) for rows in groups])
    random = np.random.default_rng(_SEED)
    drawn = means + random.standard_normal((_RESAMPLES, len(means))) * noise / np.sqrt(counts)
    return float((np.argmax(sign * drawn, axis=1) == 0).mean())
