"""Sweeps for tests of the analysis, with known answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from janitor.sweep.analysis.data import Outcome, SweepData, TrialRow, flat
from janitor.sweep.config.space import canonical

Params = Mapping[str, Any]


def row(
    index: int,
    params: Params,
    value: float | None,
    *,
    repeat: int = 0,
    outcome: Outcome | None = None,
    seconds: float = 60.0,
    rungs: Sequence[tuple[float, float]] = (),
) -> TrialRow:
    """One ended trial."""
    outcome = outcome or ("failed" if value is None else "complete")
    return TrialRow(
        run=f"t{index}.{repeat}",
        index=index,
        repeat=repeat,
        params=dict(flat(params)),
        configuration=canonical(params),
        outcome=outcome,
        status=outcome,
        value=value,
        seconds=seconds,
        cost=seconds,
        rungs=tuple(rungs),
        started=60.0 * index,
        ended=60.0 * index + seconds,
        is_hidden=False,
        reason="r",
    )


def sweep(rows: Sequence[TrialRow], *, sign: int = -1, name: str = "s", **more: Any) -> SweepData:
    """A sweep of these trials."""
    return SweepData(name, "loss", sign, tuple(rows), **more)


def drawn(
    count: int,
    draw: Callable[[Random], Params],
    value: Callable[[Params, Random], float | None],
    *,
    seed: int = 1,
    **more: Any,
) -> SweepData:
    """A random search: ``count`` drawn configurations with their values."""
    random = Random(seed)
    rows = []
    for index in range(count):
        params = draw(random)
        rows.append(row(index, params, value(params, random)))
    return sweep(rows, **more)
