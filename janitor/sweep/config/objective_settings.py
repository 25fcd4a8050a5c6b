"""The settings ``metric``, ``metrics`` and ``janitor.objective``: what is optimized."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field, FiniteFloat, PositiveFloat, model_validator

from janitor.model.wording import did_you_mean, quoted
from janitor.sweep.config.section import Section
from janitor.sweep.objectives import Constraint, Goal, Objective, ObjectiveType

_SINGLE = ("tpe", "gp", "qmc", "nsga2", "nsga3", "grid", "random")
"""The optimizers that know several objectives, or need none."""


class Metric(Section):
    """One objective."""

    name: str = Field(min_length=1)
    goal: Literal["minimize", "maximize"] = "minimize"
    target: FiniteFloat | None = None
    impute: Literal["latest", "best", "worst"] | None = None
    impute_while_running: Literal["latest", "best", "worst", "false"] | None = None


class ConstraintSection(Section):
    """The bounds of a metric."""

    min: FiniteFloat | None = None
    max: FiniteFloat | None = None

    @model_validator(mode="after")
    def _check(self) -> ConstraintSection:
        """Refuse bounds that nothing or everything meets."""
        if self.min is None and self.max is None:
            raise ValueError("needs min or max")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"cannot be met: min, {self.min:g}, is above max, {self.max:g}")
        return self


class ObjectiveSection(Section):
    """What the values of several metrics are worth together, and constraints."""

    type: ObjectiveType = "pareto"
    weights: dict[str, PositiveFloat] = Field(default_factory=dict)
    """For ``weighted_sum`` and ``chebyshev``; 1 for a metric that is not named."""
    reference: dict[str, FiniteFloat] = Field(default_factory=dict)
    """The ideal values for ``chebyshev``; for ``pareto`` where the hypervolume ends."""
    rho: float = Field(0.05, ge=0)
    """For ``chebyshev``: the share of the sum of all distances."""
    constraints: dict[str, ConstraintSection] = Field(default_factory=dict)

    def objective(self, metrics: Sequence[Metric]) -> Objective:
        """The same in the terms of decisions."""
        return Objective(
            tuple(Goal(each.name, 1 if each.goal == "maximize" else -1) for each in metrics),
            self.type,
            self.weights,
            self.reference,
            self.rho,
            tuple(Constraint(name, each.min, each.max) for name, each in self.constraints.items()),
        )

    def problems(self, metrics: Sequence[Metric], optimizer: str) -> Iterator[str]:
        """What is wrong with it for these metrics, as sentences that begin with its name."""
        names = [each.name for each in metrics]
        several = len(names) > 1
        if not several and (self.type != "pareto" or self.weights or self.reference):
            yield "janitor.objective is for several metrics: list them under metrics"
            return
        for setting in ("weights", "reference"):
            for name in getattr(self, setting):
                if name not in names:
                    hint = did_you_mean(name, names)
                    problem = f"names {quoted(name)}, which is not one of the metrics{hint}"
                    yield f"janitor.objective.{setting} {problem}"
        if self.weights and self.type not in {"weighted_sum", "chebyshev"}:
            yield f"janitor.objective.weights is not a setting of {self.type}"
        lacking = [name for name in names if name not in self.reference]
        if self.type == "chebyshev" and lacking:
            yield f"janitor.objective.reference lacks {lacking[0]}: give each metric's ideal value"
        elif self.type == "pareto" and self.reference and lacking:
            yield f"janitor.objective.reference lacks {lacking[0]}: name every metric, or none"
        if self.type == "epsilon_constraint" and not self.constraints:
            yield "janitor.objective.constraints is missing: bound the other metrics"
        if several and self.type == "pareto" and optimizer not in _SINGLE:
            yield (
                f"janitor.optimizer {optimizer} has one objective: set janitor.objective.type to"
                " weighted_sum, chebyshev or epsilon_constraint, or use tpe, nsga2 or nsga3"
            )
