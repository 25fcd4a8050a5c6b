"""A Gaussian process with a choice of acquisition functions, on Optuna's.

- ``logei``, Optuna's own: the logarithm of the expected improvement (Ament, Daulton, Eriksson,
  Balandat, Bakshy, "Unexpected Improvements to Expected Improvement for Bayesian Optimization",
  NeurIPS 2023).
- ``ei``: the expected improvement itself (Jones, Schonlau, Welch, 1998). It has the same maximum,
  but is flat, and so harder to climb, where no improvement is expected.
- ``ucb``: mean plus √β standard deviations (Srinivas, Krause, Kakade, Seeger, ICML 2010); open
  trials count with the mean that is expected of them (Ginsbourger, Le Riche, Carraro, 2010).
- ``cost_ei``: expected improvement per cost (Snoek, Larochelle, Adams, "Practical Bayesian
  Optimization of Machine Learning Algorithms", NIPS 2012, section 3.2). The logarithm of the cost
  has a Gaussian process of its own. Without costs it is ``logei``.

Only imported for the optimizer ``gp``: it needs torch.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any, Final

import numpy as np
from optuna._gp import acqf as functions
from optuna._gp.gp import GPRegressor, fit_kernel_params
from optuna.distributions import BaseDistribution
from optuna.samplers import GPSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from janitor.sweep.optimizers.attributes import COST, Acquisition

_FEWEST: Final = 3
"""With fewer costs, all are taken for equal."""


class AcquisitionGPSampler(GPSampler):
    """Optuna's sampler, with another function to maximize where there is one objective.

    Args:
        kind: The function.
        beta: For ``ucb``.
        options: For Optuna's sampler.

    """

    def __init__(self, kind: Acquisition, beta: float, **options: Any) -> None:
        super().__init__(**options)
        self._kind, self._beta = kind, beta
        self._trials: list[FrozenTrial] = []
        self._space: dict[str, BaseDistribution] = {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As Optuna's, with the trials kept for the function that is maximized."""
        self._trials = study.get_trials(deepcopy=False)
        self._space = search_space
        return super().sample_relative(study, trial, search_space)

    def _optimize_acqf(
        self, acqf: functions.BaseAcquisitionFunc, best_params: Any
    ) -> np.ndarray[Any, Any]:
        fits = self._gprs_cache_list or []
        if len(fits) == 1:
            acqf = self._changed(acqf, fits[0])
        return super()._optimize_acqf(acqf, best_params)

    def _changed(
        self, acqf: functions.BaseAcquisitionFunc, fit: GPRegressor
    ) -> functions.BaseAcquisitionFunc:
        match self._kind:
            case "ei":
                return _Exponential(acqf)
            case "ucb":
                self._believe(acqf, fit)
                return functions.UCB(fit, acqf.search_space, self._beta)
            case "cost_ei" if (costs := self._costs(acqf)) is not None:
                return _PerCost(acqf, *costs)
        return acqf

    def _believe(self, acqf: functions.BaseAcquisitionFunc, fit: GPRegressor) -> None:
        """Let open trials be what is expected of them."""
        torch = import_module("torch")  # which mypy need not have

        names = self._space.keys()
        found = [each for each in self._trials if each.state is TrialState.RUNNING]
        known = [each.params for each in found if names <= each.params.keys()]
        if known:
            running = [each for each in found if names <= each.params.keys()]
            points = torch.from_numpy(acqf.search_space.get_normalized_params(running, known))
            fit.append_running_data(points, fit.posterior(points)[0].detach())

    def _costs(self, acqf: functions.BaseAcquisitionFunc) -> tuple[GPRegressor, float] | None:
        """A Gaussian process of the standardized logarithms of costs, and their scale."""
        known = [
            each
            for each in self._trials
            if each.state is TrialState.COMPLETE and each.user_attrs.get(COST, 0.0) > 0
        ]
        logs = np.array([math.log(each.user_attrs[COST]) for each in known])
        scale = float(logs.std()) if len(known) >= _FEWEST else 0.0
        if scale == 0.0:
            return None
        fit = fit_kernel_params(
            X=acqf.search_space.get_normalized_params(known),
            Y=(logs - logs.mean()) / scale,
            is_categorical=acqf.search_space.is_categorical,
            log_prior=self._log_prior,
            minimum_noise=self._minimum_noise,
            deterministic_objective=False,
        )
        return fit, scale


class _Exponential(functions.BaseAcquisitionFunc):
    """The expected improvement from its logarithm."""

    def __init__(self, acqf: functions.BaseAcquisitionFunc) -> None:
        super().__init__(acqf.length_scales, acqf.search_space)
        self._log = acqf

    def eval_acqf(self, x: Any) -> Any:
        return self._log.eval_acqf(x).exp()


class _PerCost(functions.BaseAcquisitionFunc):
    """The logarithm of the expected improvement, minus that of the cost."""

    def __init__(
        self, acqf: functions.BaseAcquisitionFunc, costs: GPRegressor, scale: float
    ) -> None:
        super().__init__(acqf.length_scales, acqf.search_space)
        self._log, self._costs, self._scale = acqf, costs, scale

    def eval_acqf(self, x: Any) -> Any:
        return self._log.eval_acqf(x) - self._scale * self._costs.posterior(x)[0]
