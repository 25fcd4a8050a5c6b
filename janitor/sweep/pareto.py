"""The Pareto front of a sweep with several metrics, and its hypervolume, as data."""

from __future__ import annotations

from typing import Any

from janitor.model.ledger import Ledger
from janitor.sweep.configurations import Configuration, configurations
from janitor.sweep.objectives import Objective, front, hypervolume


def pareto_front(ledger: Ledger, objective: Objective, repeats: int = 1) -> list[Configuration]:
    """The configurations that meet all constraints and that no other one dominates."""
    found, costs = _complete(ledger, objective, repeats)
    return [found[number] for number in front(costs)]


def several(ledger: Ledger, objective: Objective, repeats: int = 1) -> dict[str, Any]:
    """What the status has besides, if there are several metrics."""
    found, costs = _complete(ledger, objective, repeats)
    best = front(costs)
    names = [goal.name for goal in objective.goals]
    given = [
        -goal.sign * objective.reference[goal.name]
        for goal in objective.goals
        if goal.name in objective.reference and objective.has_front
    ]
    # Without a reference point of the file: the worst value of each metric so far.
    point = given or [max(column) for column in zip(*costs, strict=True)]
    volume = hypervolume([costs[number] for number in best], point) if costs else None
    shown = [-goal.sign * value for goal, value in zip(objective.goals, point, strict=False)]
    return {
        "metrics": [
            {"name": goal.name, "goal": "maximize" if goal.sign > 0 else "minimize"}
            for goal in objective.goals
        ],
        "objective": objective.type,
        "pareto": [
            {"run": one.run, "params": one.params, "values": one.values}
            for one in (found[number] for number in best)
        ],
        "hypervolume": volume,
        "hypervolume_reference": dict(zip(names, shown, strict=False)) or None,
    }


def _complete(
    ledger: Ledger, objective: Objective, repeats: int
) -> tuple[list[Configuration], list[tuple[float, ...]]]:
    """What may be on the front, and its values; small numbers are good."""
    goals = objective.goals
    found = [
        one
        for one in configurations(ledger, repeats)
        if one.is_feasible and all(goal.name in one.values for goal in goals)
    ]
    return found, [tuple(-goal.sign * one.values[goal.name] for goal in goals) for one in found]
