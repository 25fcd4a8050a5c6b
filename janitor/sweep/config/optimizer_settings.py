"""The settings under ``janitor.optimizer``: what is tried."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from janitor.sweep.config.section import Section, one_of

MODELS: Final = ("tpe", "gp", "cmaes", "qmc", "nsga2", "nsga3")
"""Optimizers of the extra ``sweep``."""
_ALL: Final = ("grid", "random", *MODELS)
_USES: Final = {
    "n_startup": ("tpe", "gp", "cmaes"),
    "population": ("cmaes", "nsga2", "nsga3"),
    "scramble": ("qmc",),
    "failed": tuple(name for name in MODELS if name != "qmc"),
}
"""A setting of the optimizer → the types that use it."""
OptimizerType = Annotated[
    Literal["grid", "random", "tpe", "gp", "cmaes", "qmc", "nsga2", "nsga3"],
    BeforeValidator(lambda each: one_of(each, _ALL, (), "optimizer")),
]


class OptimizerSection(Section):
    """What is tried. Without a type, the file's ``method`` decides."""

    type: OptimizerType | None = None
    seed: int = 0
    n_startup: int | None = Field(None, ge=1)
    """How many trials must have ended before the model is asked."""
    population: int | None = Field(None, ge=2, le=500)
    """How many trials a generation has."""
    scramble: bool = True
    """Whether the quasi-random sequence depends on the seed."""
    failed: Literal["worst", "ignore"] = "worst"
    """A failed trial counts as much as the worst one so far, or is not known to the model."""

    @model_validator(mode="after")
    def _check_use(self) -> OptimizerSection:
        """Refuse a setting that the type does not use."""
        for name in self.model_fields_set & _USES.keys():
            if self.type is not None and self.type not in _USES[name]:
                raise ValueError(f"{name} is not a setting of {self.type}")
        return self


class PruneSection(Section):
    """When parameters that do not matter get one value."""

    after: int = Field(50, ge=20)
    """How many configurations must be complete before importance is computed."""
    below: float = Field(0.02, gt=0, lt=0.5)
    """A parameter with a smaller share of the importance is fixed."""
    evaluator: Literal["ped-anova", "fanova"] = "ped-anova"

    @property
    def extra(self) -> str:
        """The extra with its libraries."""
        return "sweep-importance" if self.evaluator == "fanova" else "sweep"
