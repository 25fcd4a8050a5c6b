"""The Pareto front of a sweep with several metrics, and its hypervolume, as data."""

from __future__ import annotations

from typing import Any

from janitor.model.ledger import Ledger
from janitor.model.trial import Trial
from janitor.sweep.objectives import Objective, front, hypervolume


def pareto_front(ledger: Ledger, objective: Objective) -> list[Trial]:
    """The visible complete trials that meet all constraints and that no other one dominates."""
    trials, costs = _complete(ledger, objective)
    return [trials[number] for number in front(costs)]


def several(ledger: Ledger, objective: Objective) -> dict[str, Any]:
    """What the status has besides, if there are several metrics."""
    trials, costs = _complete(ledger, objective)
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
            {
                "run": trials[number].run,
                "params": trials[number].params,
                "values": _values(trials[number]),
            }
            for number in best
        ],
        "hypervolume": volume,
        "hypervolume_reference": dict(zip(names, shown, strict=False)) or None,
    }


def _complete(ledger: Ledger, objective: Objective) -> tuple[list[Trial], list[tuple[float, ...]]]:
    """The trials that may be on the front, and their values; small numbers are good."""
    names = [goal.name for goal in objective.goals]
    trials = [
        trial
        for trial in ledger.visible()
        if trial.is_feasible and all(name in _values(trial) for name in names)
    ]
    costs = [
        tuple(-goal.sign * _values(trial)[goal.name] for goal in objective.goals)
        for trial in trials
    ]
    return trials, costs


def _values(trial: Trial) -> dict[str, float]:
    return {} if trial.end is None else dict(trial.end.values)
