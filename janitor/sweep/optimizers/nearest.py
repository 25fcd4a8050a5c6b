"""The nearest configuration without a trial: where a model keeps suggesting what was tried."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from janitor.sweep.config.space import Space, canonical
from janitor.sweep.optimizers.axes import Axis, Inner
from janitor.sweep.optimizers.observed import inner_of
from janitor.sweep.seeds import Numbers

_MOST_POINTS: Final = 20_000
"""Of a finite space: a larger one is sampled."""
_DRAWS: Final = 1000


def nearest_untried(
    space: Space,
    axes: Sequence[Axis],
    params: Mapping[str, Any],
    known: Collection[str],
    key: tuple[object, ...],
    fixed: Mapping[str, Any],
) -> dict[str, Any] | None:
    """The configuration without a trial that is nearest to these params; None if there is none.

    Distances are Euclidean: each axis has the length 1, and two choices have the distance 1. Of a
    space with too many points, random ones are compared.

    Args:
        space: The search space.
        axes: The same as axes.
        params: What was suggested, and has a trial.
        known: The canonical texts of all params that have a trial.
        key: Of the random numbers.
        fixed: The parameters that were fixed, by name.

    """
    here = inner_of(axes, params, fixed) or {}
    best: tuple[float, dict[str, Any]] | None = None
    for point in _candidates(space, key):
        held = {**point, **{name: fix.value for name, fix in fixed.items() if name in point}}
        there = inner_of(axes, held, fixed)
        if there is None or canonical(held) in known:
            continue
        distance = _distance(axes, here, there)
        if best is None or distance < best[0]:
            best = distance, held
    return None if best is None else best[1]


def _candidates(space: Space, key: tuple[object, ...]) -> Iterator[dict[str, Any]]:
    """Every point, or random ones."""
    if not space.without_grid():
        points = list(itertools.islice(space.grid(), _MOST_POINTS + 1))
        if len(points) <= _MOST_POINTS:
            yield from points
            return
    for draw in range(_DRAWS):
        yield space.sample(Numbers(*key, "nearest", draw))


def _distance(axes: Sequence[Axis], one: Mapping[str, Inner], other: Mapping[str, Inner]) -> float:
    total = 0.0
    for axis in axes:
        left, right = one.get(axis.name), other.get(axis.name)
        if left == right:
            continue
        if left is None or right is None or axis.kind == "choice":
            total += 1.0
        else:
            total += (axis.unit(left) - axis.unit(right)) ** 2
    return math.sqrt(total)
