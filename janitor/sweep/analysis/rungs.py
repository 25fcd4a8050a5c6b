"""The rung table of a sweep, and the lineage of a population. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from janitor.sweep.analysis.data import SweepData, TrialRow


@dataclass(frozen=True, slots=True)
class Rung:
    """One milestone of the resource."""

    milestone: float
    arrived: int
    """Trials with a value at it."""
    went_on: int
    """Of them: those with a value at a later milestone, or complete."""
    stopped: int
    """Of them: stopped here, or failed after it."""
    waiting: int
    """Of them: not over, and no further."""
    best: float | None
    best_run: str | None
    median: float | None
    worst_that_went_on: float | None
    """The last value that was good enough."""


@dataclass(frozen=True, slots=True)
class Member:
    """One run of a population, and where it comes from."""

    run: str
    parent: str | None
    """The run whose checkpoint it started from; None for a first one."""
    generation: int
    """How many runs are before it in its line."""
    value: float | None
    """Its objective, or its last value at a milestone."""
    status: str
    changed: tuple[tuple[str, str, str], ...]
    """(parameter, the parent's value, its value), where they differ."""


def rung_table(data: SweepData) -> list[Rung]:
    """The milestones that any trial has reached, ascending; empty without a scheduler of rungs."""
    milestones = sorted({at for row in data.trials if not row.is_hidden for at, _ in row.rungs})
    return [_rung(milestone, data) for milestone in milestones]


def _rung(milestone: float, data: SweepData) -> Rung:
    here: list[tuple[TrialRow, float]] = [
        (row, value)
        for row in data.trials
        if not row.is_hidden
        for at, value in row.rungs
        if at == milestone
    ]
    on = [
        (row, value)
        for row, value in here
        if row.outcome == "complete" or any(at > milestone for at, _ in row.rungs)
    ]
    gone = {row.run for row, _ in on}
    rest = [row for row, _ in here if row.run not in gone]
    finite = [(data.sign * value, row.run) for row, value in here if math.isfinite(value)]
    good = [data.sign * value for _, value in on if math.isfinite(value)]
    best = max(finite, default=None, key=lambda pair: pair[0])
    return Rung(
        milestone=milestone,
        arrived=len(here),
        went_on=len(on),
        stopped=sum(row.outcome != "open" for row in rest),
        waiting=sum(row.outcome == "open" for row in rest),
        best=None if best is None else data.sign * best[0],
        best_run=None if best is None else best[1],
        median=data.sign * median(value for value, _ in finite) if finite else None,
        worst_that_went_on=data.sign * min(good) if good else None,
    )


def lineage(data: SweepData) -> list[Member]:
    """The runs of a population in the order of creation; empty if no run started from another."""
    parents: dict[str, str | None] = {}
    for job in data.jobs:
        if not job.is_evaluation:
            source = job.resume_from
            parents.setdefault(job.run, None if source == job.run else source)
    if not any(parents.values()):
        return []
    rows = {row.run: row for row in data.trials}
    return [_member(row, rows, parents) for row in data.trials]


def _member(
    row: TrialRow, rows: Mapping[str, TrialRow], parents: Mapping[str, str | None]
) -> Member:
    parent = parents.get(row.run)
    generation, above, seen = 0, parent, {row.run}
    while above is not None and above not in seen:
        seen.add(above)
        generation, above = generation + 1, parents.get(above)
    before = rows[parent].params if parent is not None and parent in rows else None
    changed = tuple(
        (name, str(before.get(name)), str(value))
        for name, value in row.params.items()
        if before is not None and before.get(name) != value
    )
    last = row.value if row.value is not None else row.rungs[-1][1] if row.rungs else None
    return Member(row.run, parent, generation, last, row.status, changed)
