"""What a model learns from: one point per configuration, read from the ledger.

Repeats of a configuration are one point: their mean, once all are over and at least half of them
ended well. What a point is depends on its trials only, so it is kept until one of them changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Known
from janitor.model.summary import ABSENT
from janitor.model.trial import Observation, Trial, observation_of
from janitor.sweep.config.space import Path, choose
from janitor.sweep.optimizers.axes import Axis, Inner

Status = Literal["open", "complete", "pruned", "failed", "lost"]


@dataclass(frozen=True, slots=True)
class Point:
    """One configuration, and what became of it."""

    index: int
    status: Status
    """``failed``: its training failed. ``lost``: it ended for another reason."""
    inner: Mapping[str, Inner]
    """The inner numbers of the axes that exist and have a choice, by axis."""
    value: float | None
    values: tuple[tuple[float, float], ...]
    """(milestone, value)."""
    memory: Any
    objectives: tuple[float, ...] = ()
    """The value of each objective, if there are several."""
    constraints: tuple[float, ...] = ()
    """By how much each constraint is violated."""
    cost: float | None = None


@dataclass(slots=True)
class Points:
    """The points of a ledger in a space. An instance may be used for many ledgers of one sweep.

    Args:
        axes: The space.

    """

    axes: Sequence[Axis]
    _known: dict[int, tuple[tuple[object, ...], Point | None]] = field(default_factory=dict)
    _fixed: Mapping[str, Any] = field(default_factory=dict)

    def of(self, ledger: Ledger) -> tuple[list[Point], int]:
        """The points in the order of their indexes, and how many are outside the space.

        Those of other sweeps come first, with indexes below 0.
        """
        if ledger.fixed != self._fixed:
            self._known, self._fixed = {}, dict(ledger.fixed)
        groups: dict[int, list[Trial]] = {}
        for trial in ledger.trials.values():
            if not (trial.is_excluded or trial.is_deleted):
                groups.setdefault(trial.index, []).append(trial)
        points = [self._foreign(number, each, ledger) for number, each in enumerate(ledger.known)]
        points += [self._point(index, groups[index]) for index in sorted(groups)]
        found = [point for point in points if point is not None]
        return found, len(points) - len(found)

    def _foreign(self, number: int, other: Known, ledger: Ledger) -> Point | None:
        """What another sweep knows, with a negative index."""
        index = number - len(ledger.known)
        known = self._known.get(index)
        if known is not None and known[0][0] is other:
            return known[1]
        inner = inner_of(self.axes, other.params, self._fixed)
        point = (
            None
            if inner is None
            else Point(
                index,
                other.status,
                inner,
                other.value,
                other.values,
                None,
                tuple(other.objectives.values()),
                other.constraints,
            )
        )
        self._known[index] = (other,), point
        return point

    def _point(self, index: int, trials: Sequence[Trial]) -> Point | None:
        seen = tuple(part for trial in trials for part in _signature(trial))
        known = self._known.get(index)
        # `is` first: comparing is slow, and nearly all parts are the same objects.
        if known is not None and _same(known[0], seen):
            return known[1]
        inner = inner_of(self.axes, trials[0].params, self._fixed)
        point = None if inner is None else _made(index, inner, trials)
        self._known[index] = seen, point
        return point


def inner_of(
    axes: Sequence[Axis], params: Mapping[str, Any], fixed: Mapping[str, Any]
) -> dict[str, Inner] | None:
    """The inner numbers of params; None if they are outside the space.

    A parameter that the params lack gets its default. One that the space lacks, or that was fixed,
    is left out.
    """
    found: dict[str, Inner] = {}
    chosen: dict[Path, Any] = {}
    for axis in axes:
        if not axis.exists(chosen):
            continue
        values = [_value(params, each.path, each.default) for each in axis.parameters]
        choose(axis.parameters, values, chosen)
        if axis.name in fixed:
            continue
        given = [
            value if each.path in chosen else ABSENT
            for each, value in zip(axis.parameters, values, strict=True)
        ]
        inner = axis.inner(given)
        if inner is None:
            return None
        if not axis.is_single:
            found[axis.name] = inner
    return found


def _value(params: Mapping[str, Any], path: Path, default: Any) -> Any:
    value: Any = params
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return default
        value = value[key]
    return value


def _signature(trial: Trial) -> Iterator[object]:
    """What changes when something happens to a trial."""
    yield trial.run
    yield trial.end
    yield trial.stop
    yield trial.overruled
    yield len(trial.reached)


def _same(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) == len(other) and all(
        left is right or left == right for left, right in zip(one, other, strict=True)
    )


def _made(index: int, inner: Mapping[str, Inner], trials: Sequence[Trial]) -> Point:
    seen = [observation_of(trial) for trial in trials]
    first = seen[0]
    if len(seen) == 1:
        status = _status(trials[0], first)
        objectives = tuple(first.objectives.values())
        return Point(
            index,
            status,
            inner,
            first.value,
            first.values,
            first.memory,
            objectives,
            first.constraints,
            first.cost,
        )
    good = [
        each
        for each in seen
        if each.status == "complete" and each.value is not None and math.isfinite(each.value)
    ]
    if any(each.status == "open" for each in seen):
        return Point(index, "open", inner, None, (), first.memory)
    if 2 * len(good) >= len(seen):
        value = _mean([each.value or 0.0 for each in good])
        objectives = _columns([tuple(each.objectives.values()) for each in good])
        constraints = _columns([each.constraints for each in good])
        cost = sum(each.cost or 0.0 for each in seen) or None
        return Point(
            index, "complete", inner, value, (), first.memory, objectives, constraints, cost
        )
    is_pruned = any(each.status == "pruned" for each in seen)
    status = "pruned" if is_pruned else _status(trials[0], first)
    return Point(index, status, inner, None, _means(seen), first.memory)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _columns(rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    """The mean of each column; none if a row is shorter than another."""
    return tuple(map(_mean, zip(*rows, strict=False)))


def _means(seen: Sequence[Observation]) -> tuple[tuple[float, float], ...]:
    """The means of the values at the milestones that any repeat has reached."""
    at: dict[float, list[float]] = {}
    for each in seen:
        for milestone, value in each.values:
            at.setdefault(milestone, []).append(value)
    return tuple((each, _mean(at[each])) for each in sorted(at))


def _status(trial: Trial, seen: Observation) -> Status:
    if seen.status == "complete" and (seen.value is None or not math.isfinite(seen.value)):
        return "lost"  # a person called it a success
    if seen.status != "failed":
        return seen.status
    end = trial.end or trial.overruled
    return "failed" if end is not None and end.status is JobStatus.FAILED else "lost"
