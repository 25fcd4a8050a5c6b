"""What a sweep optimizes: one metric, several, or one number made of several. Pure.

Several metrics have a Pareto front: the trials of which no other one is at least as good in every
metric and better in one. Or they are made into one number, which has the direction of the first
metric:

- ``weighted_sum``: the sum of weight times value; a metric with the other goal counts negative.
- ``chebyshev``: the largest weighted distance from a reference point, plus ``rho`` times the sum of
  all of them (the augmented Chebyshev norm; Knowles, "ParEGO", IEEE TEC 10 (2006), equation 2).
  Unlike a weighted sum it can find every point of a front, also where the front is not convex.
- ``epsilon_constraint``: the first metric, under constraints on the others (Haimes, Lasdon and
  Wismer, 1971).

A constraint is a bound of a metric. A trial that violates one is not the best one, and not on the
front. Its violation, the amount by which it is beyond the bound, guides the optimizers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

ObjectiveType = Literal["pareto", "weighted_sum", "chebyshev", "epsilon_constraint"]


@dataclass(frozen=True, slots=True)
class Goal:
    """One metric, and which of its values are good."""

    name: str
    sign: int
    """1 to maximize, -1 to minimize."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """The bounds of a metric."""

    metric: str
    least: float | None = None
    most: float | None = None

    def violation(self, value: float) -> float:
        """How far a value is beyond the bounds; at most 0 if it is within."""
        below = -math.inf if self.least is None else self.least - value
        above = -math.inf if self.most is None else value - self.most
        return max(below, above)


@dataclass(frozen=True, slots=True)
class Objective:
    """What the values of a trial's metrics are worth."""

    goals: tuple[Goal, ...] = ()
    """Empty, or one: the sweep has a single metric."""
    type: ObjectiveType = "pareto"
    weights: Mapping[str, float] = field(default_factory=dict)
    """1 for a metric that is not named."""
    reference: Mapping[str, float] = field(default_factory=dict)
    """The ideal values for ``chebyshev``; otherwise where the hypervolume ends."""
    rho: float = 0.05
    constraints: tuple[Constraint, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """The metrics that a trial must have reported, besides a single one."""
        several = [goal.name for goal in self.goals] if len(self.goals) > 1 else []
        return tuple(dict.fromkeys([*several, *(each.metric for each in self.constraints)]))

    @property
    def has_front(self) -> bool:
        """Whether there are several objectives for the optimizer."""
        return len(self.goals) > 1 and self.type == "pareto"

    def of(self, values: Mapping[str, float]) -> float:
        """The number that stands for these values; the first metric if there is a front."""
        first = self.goals[0]
        if self.type == "weighted_sum":
            terms = (
                first.sign * goal.sign * self._weight(goal) * values[goal.name]
                for goal in self.goals
            )
            return math.fsum(terms)
        if self.type == "chebyshev":
            far = [
                self._weight(goal) * goal.sign * (self.reference[goal.name] - values[goal.name])
                for goal in self.goals
            ]
            return -first.sign * (max(far) + self.rho * math.fsum(far))
        return values[first.name]

    def violations(self, values: Mapping[str, float]) -> tuple[float, ...]:
        """One number per constraint; at most 0 where it is met."""
        return tuple(each.violation(values[each.metric]) for each in self.constraints)

    def _weight(self, goal: Goal) -> float:
        return self.weights.get(goal.name, 1.0)


def front(costs: Sequence[tuple[float, ...]]) -> list[int]:
    """Which of these points no other one dominates, in their order; small numbers are good.

    Of equal points all are on the front.
    """
    found: list[tuple[float, ...]] = []
    for cost in sorted(set(costs)):
        # In this order a point can only be dominated by one before it.
        if not any(all(a <= b for a, b in zip(other, cost, strict=True)) for other in found):
            found.append(cost)
    best = set(found)
    return [number for number, cost in enumerate(costs) if cost in best]


def hypervolume(costs: Iterable[tuple[float, ...]], reference: Sequence[float]) -> float:
    """The volume that points dominate, up to a reference point; small numbers are good.

    By slicing along the last objective (While, Bradstreet, Barone, "A Faster Algorithm for
    Calculating Hypervolume", IEEE TEC 10 (2006), describe this and better ways).
    """
    inside = [cost for cost in costs if all(a < b for a, b in zip(cost, reference, strict=True))]
    if not inside:
        return 0.0
    points = sorted({inside[number] for number in front(inside)}, key=lambda cost: cost[-1])
    if len(reference) == 1:
        return reference[0] - points[0][0]
    ends = [*(cost[-1] for cost in points[1:]), reference[-1]]
    total = 0.0
    for number, (cost, end) in enumerate(zip(points, ends, strict=True), 1):
        if end > cost[-1]:
            slab = hypervolume([each[:-1] for each in points[:number]], reference[:-1])
            total += slab * (end - cost[-1])
    return total
