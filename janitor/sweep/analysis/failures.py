"""Regions of the search space in which trials fail more than elsewhere. Pure; needs scipy.

One parameter, or two together. Each region is compared with the rest by Fisher's exact test; the p
values are corrected for their number (Holm).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from janitor.sweep.analysis.data import SweepData, TrialRow, is_numeric
from janitor.sweep.analysis.effects import binned, holm

_BINS: Final = 8
_CELLS: Final = 4
_FEWEST: Final = 5
"""Ended trials in a region below which nothing is said about it."""
_LEVEL: Final = 0.01
_SIGNS: Final = ("≥ ", "≤ ")


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the search space."""

    bounds: tuple[tuple[str, str], ...]
    """(parameter, value or range)."""
    trials: int
    """That ended in it."""
    failed: int
    p: float
    """That they fail as often as the others; corrected."""

    @property
    def words(self) -> list[str]:
        """Its bounds, such as ``lr ≥ 0.1``."""
        return [
            f"{name} {'' if value.startswith(_SIGNS) else '= '}{value}"
            for name, value in self.bounds
        ]

    @property
    def only_fails(self) -> bool:
        """Whether every trial in it failed."""
        return self.failed == self.trials


def failing_regions(data: SweepData) -> list[Region]:
    """The regions in which significantly more trials fail than elsewhere, the surest first.

    A region of two parameters is left out if one of them explains it alone.
    """
    rows = [row for row in data.trials if row.outcome != "open" and not row.is_hidden]
    failed = np.array([row.outcome == "failed" for row in rows], dtype=bool)
    if not failed.any() or failed.all():
        return []
    names = data.parameters()
    singles = _significant(
        [
            one
            for name in names
            for one in (*_tails(rows, failed, name), *_regions(rows, failed, (name,)))
        ]
    )
    tails = {one.bounds[0][0] for one in singles if one.bounds[0][1].startswith(_SIGNS)}
    # A bin that only fails in part says less than the bound from which on everything fails.
    singles = [
        one
        for one in singles
        if one.bounds[0][0] not in tails or one.bounds[0][1].startswith(_SIGNS)
    ]
    known = {bound for region in singles if region.only_fails for bound in region.bounds}
    pairs = _significant(
        [
            one
            for pair in combinations(names[:12], 2)
            for one in _regions(rows, failed, pair)
            if one.only_fails
        ]
    )
    used = {name for name, _ in known}
    pairs = [one for one in pairs if not any(name in used for name, _ in one.bounds)]
    return sorted([*singles, *pairs], key=lambda one: (not one.only_fails, one.p))


def _tails(rows: Sequence[TrialRow], failed: NDArray[np.bool_], name: str) -> Iterator[Region]:
    """The values of a numeric parameter from which on, or up to which, every trial failed."""
    from scipy import stats

    numbers = [number for number, row in enumerate(rows) if name in row.params]
    values = [rows[number].params[name] for number in numbers]
    if not is_numeric(values):
        return
    column, bad = np.array(values, dtype=float), failed[numbers]
    for sign, direction in zip(_SIGNS, (1.0, -1.0), strict=True):
        good = direction * column[~bad]
        edge = float(good.max()) if len(good) else -np.inf
        inside = direction * column > edge
        count, total, total_bad = int(inside.sum()), len(rows), int(failed.sum())
        if _FEWEST <= count < total:
            # The bound was chosen by looking at the results: each value could have been one.
            rare = float(stats.hypergeom.sf(count - 1, total, total_bad, count))
            bound = direction * float((direction * column[inside]).min())
            label = f"{sign}{bound:.4g}"
            yield Region(((name, label),), count, count, min(1.0, rare * total))


def _regions(
    rows: Sequence[TrialRow], failed: NDArray[np.bool_], names: tuple[str, ...]
) -> Iterator[Region]:
    from scipy import stats

    there = np.array([all(name in row.params for name in names) for row in rows])
    mine = [row for row, is_there in zip(rows, there, strict=True) if is_there]
    if not mine:
        return
    parts = [
        binned([row.params[name] for row in mine], _BINS if len(names) == 1 else _CELLS)
        for name in names
    ]
    bad, total, total_bad = failed[there], len(rows), int(failed.sum())
    cells = np.column_stack([numbers for numbers, _ in parts])
    for cell in np.unique(cells, axis=0):
        inside = (cells == cell).all(axis=1)
        trials, count = int(inside.sum()), int(bad[inside].sum())
        # Only regions that are worse than the rest.
        if trials < _FEWEST or trials == total or count * total <= total_bad * trials:
            continue
        table = [[count, trials - count], [total_bad - count, total - trials - total_bad + count]]
        p = float(stats.fisher_exact(table, alternative="greater").pvalue)
        bounds = tuple(
            (name, labels[int(number)])
            for name, (_, labels), number in zip(names, parts, cell, strict=True)
        )
        yield Region(bounds, trials, count, p)


def _significant(regions: Sequence[Region]) -> list[Region]:
    corrected = holm([region.p for region in regions])
    return [
        Region(one.bounds, one.trials, one.failed, p)
        for one, p in zip(regions, corrected, strict=True)
        if p < _LEVEL
    ]
