"""The settings under ``janitor.scheduler`` and ``early_terminate`` in a sweep file."""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from janitor.model.wording import either
from janitor.sweep.config.section import Seconds, Section, one_of
from janitor.sweep.levels import bands_from, bands_up_to, exact, levels_of

SchedulerName = Literal["parallel", "sequential", "bayesian", "asha", "hyperband", "median", "pbt"]
_NAMES: Final[tuple[str, ...]] = get_args(SchedulerName)
SchedulerType = Annotated[
    SchedulerName, BeforeValidator(lambda each: one_of(each, _NAMES, (), "scheduler"))
]
_RUNGS: Final = ("asha", "hyperband")
_CURVES: Final = (*_RUNGS, "median", "pbt")
_MOST_COMPARISONS: Final = 1000
_USED_BY: Final[dict[str, tuple[str, ...]]] = {
    "mode": ("asha",),
    "resource": _CURVES,
    "min": _RUNGS,
    "max": _CURVES,
    "eta": _RUNGS,
    "grace_period": ("asha", "median"),
    "brackets": ("asha",),
    "keep": ("asha",),
    "interval": ("median", "pbt"),
    "min_trials": ("median",),
    "population": ("pbt",),
    "share": ("pbt",),
    "resample": ("pbt",),
    "factors": ("pbt",),
    "generation_timeout": ("pbt",),
    "acquisition": ("bayesian",),
    "batch": ("bayesian",),
    "racing": ("parallel", "sequential", "bayesian"),
}
"""Which schedulers know a setting; the others refuse it."""


class EarlyTerminateSection(Section):
    """W&B's ``early_terminate``."""

    type: Literal["hyperband"]
    min_iter: int | None = Field(None, ge=1)
    """The first band."""
    max_iter: int | None = Field(None, ge=1)
    s: int | None = Field(None, ge=1)
    """The number of bands below ``max_iter``."""
    eta: float = Field(3, gt=1)
    strict: bool = True
    """Whether the value at the band counts; otherwise the best one so far."""

    @model_validator(mode="after")
    def _check(self) -> EarlyTerminateSection:
        """Refuse what W&B's code cannot use."""
        if self.max_iter is None and self.min_iter is None:
            raise ValueError("needs min_iter, or max_iter and s")
        if self.max_iter is not None and self.s is None:
            raise ValueError("needs s with max_iter")
        if not self.bands:
            raise ValueError("has no band: increase max_iter, or decrease eta")
        return self

    @property
    def bands(self) -> tuple[float, ...]:
        """The numbers of logged values at which runs are compared, ascending."""
        if self.max_iter is not None:
            return bands_up_to(self.max_iter, self.eta, self.s or 0)
        return bands_from(self.min_iter or 1, self.eta)


_ACQUISITIONS: Final = ("logei", "ei", "ucb", "cost_ei")


class AcquisitionSection(Section):
    """How a Gaussian process chooses the next configuration."""

    type: Annotated[
        Literal["logei", "ei", "ucb", "cost_ei"],
        BeforeValidator(lambda each: one_of(each, _ACQUISITIONS, (), "acquisition")),
    ] = "logei"
    """(Logarithm of the) expected improvement, upper confidence bound, or improvement per cost."""
    beta: float = Field(4.0, gt=0)
    """For ``ucb``: the bound is √beta standard deviations above the mean."""

    @model_validator(mode="after")
    def _check(self) -> AcquisitionSection:
        """Refuse a setting that the type does not use."""
        if "beta" in self.model_fields_set and self.type != "ucb":
            raise ValueError(f"beta is not a setting of {self.type}")
        return self


class SchedulerSection(Section):
    """When jobs run."""

    type: SchedulerType = "parallel"
    mode: Literal["promote", "stop"] = "promote"
    """Whether a training ends at its rung and is continued when it is promoted, or runs on and is
    stopped at a rung."""
    resource: str = ""
    """The metric that counts the resource, such as ``epoch``; empty: the step of each report."""
    min: float | None = Field(None, gt=0)
    """The lowest rung; 1, or the grace period."""
    max: float | None = Field(None, gt=0)
    """A whole training."""
    eta: float = Field(3, ge=1.1)
    """One of so many trials of a rung comes to the next one."""
    grace_period: float | None = Field(None, gt=0)
    """No trial is judged before this amount of the resource."""
    brackets: int = Field(1, ge=1)
    keep: Literal["floor", "wandb", "syne-tune"] = "floor"
    """How many trials of a rung are kept."""

    interval: float = Field(1, gt=0)
    """Between two comparisons, or from one generation to the next, in the resource."""
    min_trials: int = Field(5, ge=1)
    """So many other trials must have come as far before one is stopped."""
    population: int = Field(10, ge=2)
    share: float = Field(0.2, gt=0, le=0.5)
    """Of the members that copy others, and of those that are copied."""
    resample: float = Field(0.25, ge=0, le=1)
    """The probability with which a copied parameter is drawn again."""
    factors: tuple[float, float] = (0.8, 1.2)
    """One of them multiplies a copied parameter that is not drawn again."""
    generation_timeout: Seconds | None = None
    """Members that did not end in this time are stopped."""
    racing: float | None = Field(None, gt=0.5, lt=1)
    """With repeats: the confidence with which a configuration is worse than the best one when its
    further repeats are dropped."""
    batch: int | None = Field(None, ge=2)
    """So many configurations are begun together, when all of the batch before are over."""
    acquisition: AcquisitionSection | None = None
    """Of the optimizer ``gp``."""

    @model_validator(mode="after")
    def _check(self) -> SchedulerSection:
        """Refuse settings that another scheduler has, and rungs that do not exist."""
        for name in sorted(self.model_fields_set - {"type"}):
            if self.type not in _USED_BY[name]:
                raise ValueError(
                    f"is of type {self.type}, which has no setting {name}; it is one of"
                    f" {either(_USED_BY[name])}"
                )
        if self.type in _RUNGS:
            self._check_rungs()
        if self.type in {"median", "pbt"}:
            self._check_curves()
        return self

    def _check_rungs(self) -> None:
        if self.max is None:
            raise ValueError(f"needs max with type {self.type}: how long a whole training is")
        if self.least > self.max:
            raise ValueError(
                f"has no rung: its first one, {self.least:g}, is above max, {self.max:g}"
            )
        if self.brackets > len(self.rungs):
            raise ValueError(
                f"has {len(self.rungs)} rungs, so it cannot have {self.brackets} brackets"
            )

    def _check_curves(self) -> None:
        if self.max is None:
            raise ValueError(f"needs max with type {self.type}: how long a whole training is")
        count = self.max / self.interval
        if not 1 <= count <= _MOST_COMPARISONS:
            raise ValueError(
                f"compares {count:.6g} times: max divided by interval must be from 1 to"
                f" {_MOST_COMPARISONS}"
            )

    @property
    def compares(self) -> bool:
        """Whether trials are compared while they train."""
        return self.type not in {"parallel", "sequential", "bayesian"}

    @property
    def least(self) -> float:
        """The lowest rung."""
        first = self.min if self.min is not None else self.grace_period
        level = exact(1.0 if first is None else first)
        while self.grace_period is not None and level < exact(self.grace_period):
            level *= exact(self.eta)
        return float(level)

    @property
    def generations(self) -> int:
        """How many generations a population has."""
        return math.ceil(exact(self.max or self.interval) / exact(self.interval))

    @property
    def rungs(self) -> tuple[float, ...]:
        """The rungs of the first bracket; the last one is the whole training."""
        return () if self.max is None else levels_of(self.least, self.max, self.eta)
