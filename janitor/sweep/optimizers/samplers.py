"""Optuna's samplers, and what each needs besides params and values to go on where it was.

- TPE reads everything from the trials.
- GP starts its fit from the previous one; a trial remembers the kernel that it was suggested by.
- QMC counts its samples in the study; here the number of a sample is the trial's index minus one.
- CMA-ES keeps its distribution in the trials' attributes; here it is computed again, generation by
  generation. NSGA-II and NSGA-III keep the parents of a generation; here they are named by it.

For those the memory of a trial is its generation, and the first trial of a generation has also the
trials (by index) from which the generation was made. Later changes, such as late results, exclude
nothing that was decided: the same trials are used again.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    TPESampler,
)
from optuna.study import Study
from optuna.trial import FrozenTrial

from janitor.sweep.optimizers.attributes import Acquisition

Kind = Literal["tpe", "gp", "cmaes", "qmc", "nsga2", "nsga3"]
GENERATIONAL: Final = ("cmaes", "nsga2", "nsga3")


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """How to make a sampler. None is Optuna's default."""

    kind: Kind
    n_startup: int | None = None
    population: int | None = None
    scramble: bool = True
    acquisition: Acquisition = "logei"
    beta: float = 4.0
    is_conditional: bool = False
    """Whether parameters exist only for some values of others."""


class IndexedQMC(QMCSampler):
    """A quasi-random sequence whose sample is chosen by the trial's index.

    As in Optuna the first trial is random, and the second has the sequence's first sample.
    """

    def __init__(
        self, index: int, space: Mapping[str, BaseDistribution], seed: int, *, scramble: bool
    ) -> None:
        super().__init__(seed=seed, scramble=scramble, warn_independent_sampling=False)
        self._index, self._space = index, dict(space)

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002 - the base's signature
        trial: FrozenTrial,  # noqa: ARG002 - the base's signature
    ) -> dict[str, BaseDistribution]:
        """The whole space, also the parameters that may not exist in this trial."""
        return self._space if self._index else {}

    def _find_sample_id(
        self,
        study: Study,  # noqa: ARG002 - the base's signature
        search_space: dict[str, BaseDistribution],  # noqa: ARG002 - the base's signature
    ) -> int:
        return self._index - 1


def make_sampler(
    settings: SamplerSettings,
    *,
    index: int,
    space: Mapping[str, BaseDistribution],
    seed: int,
    sweep_seed: int,
) -> BaseSampler:
    """The sampler for one trial.

    Args:
        settings: What the sweep file wants.
        index: The trial's.
        space: All parameters that have a choice, in the order of the file.
        seed: Of this trial.
        sweep_seed: Of the whole sweep, for what all trials share.

    """
    startup: dict[str, Any] = {}
    if settings.n_startup is not None:
        startup["n_startup_trials"] = settings.n_startup
    population: dict[str, Any] = {}
    if settings.population is not None:
        name = "popsize" if settings.kind == "cmaes" else "population_size"
        population[name] = settings.population
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        match settings.kind:
            case "tpe":
                return TPESampler(seed=seed, group=settings.is_conditional, **startup)
            case "gp":
                from janitor.sweep.optimizers.acquisition import (  # noqa: PLC0415 - torch
                    AcquisitionGPSampler,
                )

                options = {"seed": seed, **startup}
                return AcquisitionGPSampler(settings.acquisition, settings.beta, **options)
            case "cmaes":
                return CmaEsSampler(
                    seed=seed,
                    warn_independent_sampling=False,
                    consider_pruned_trials=True,
                    **startup,
                    **population,
                )
            case "qmc":
                return IndexedQMC(index, space, sweep_seed, scramble=settings.scramble)
            case "nsga2":
                return NSGAIISampler(seed=seed, **population)
        return NSGAIIISampler(seed=seed, **population)
