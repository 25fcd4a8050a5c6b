"""The objective of a run, as its summary holds it.

``run.define_metric(key, summary="max")`` makes W&B store ``{"max": 0.7}`` under the key instead of
a number. https://docs.wandb.ai/guides/track/log/customize-logging-axes
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from janitor.model import Policy, RunInfo
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT

SUMMARIES: Final = ("max", "min", "best", "last", "mean", "first")
"""The statistics that ``define_metric`` can ask for, by their keys in the object."""
_BY_GOAL: Final[Mapping[str, tuple[str, ...]]] = {
    "maximize": ("max", "best", "last", "mean", "first"),
    "minimize": ("min", "best", "last", "mean", "first"),
}
"""Which of them is the objective, the first that is there."""


@dataclass(frozen=True, slots=True)
class Objective:
    """A value, and where it was found."""

    value: Any
    """ABSENT if nothing is recorded."""
    key: str


def is_finite(value: Any) -> bool:
    """Whether a value is a finite number."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def read_objective(run: RunInfo, policy: Policy) -> Objective:
    """The objective of the form that counts first; null counts as missing, and the other is used.

    Of an object of statistics, the one that the goal of the run's sweep asks for; without a goal
    the only one. The object itself if neither decides.
    """
    value = _value(run, policy)
    if not _has_keys(value):
        return Objective(value, policy.objective_key)
    statistic = statistic_of(value, run.sweep_goal)
    if statistic is None:
        return Objective(value, policy.objective_key)
    return Objective(value[statistic], f"{policy.objective_key}.{statistic}")


def is_object(run: RunInfo, policy: Policy) -> bool:
    """Whether the objective is an object, so that the goal of the run's sweep counts."""
    return _has_keys(_value(run, policy))


def _has_keys(value: Any) -> bool:
    """Whether it is an object. Numbers are first: a check against an abstract type is slow."""
    return not isinstance(value, float | int | str) and isinstance(value, Mapping)


def _value(run: RunInfo, policy: Policy) -> Any:
    if policy.objective is None:
        first, second = summaries.readings(run.summary, policy.namespace, "objective")
    else:
        first, second = summaries.findings(run.summary, policy.objective)
    if first is not None and first is not ABSENT:
        return first
    return ABSENT if second is None else second


def statistic_of(value: Mapping[str, Any], goal: str | None) -> str | None:
    """The key of the number that an object of statistics stands for; None if that is not known."""
    there = [name for name in SUMMARIES if is_finite(value.get(name))]
    if goal is None:
        return there[0] if len(there) == 1 else None
    return next((name for name in _BY_GOAL.get(goal, ()) if name in there), None)
