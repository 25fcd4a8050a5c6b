"""How much each parameter matters, by Optuna's evaluators; and fixing those that do not. Pure.

- ``ped-anova``: how the best tenth of the configurations is distributed along each parameter
  (Watanabe, Bansal, Hutter, "PED-ANOVA", IJCAI 2023).
- ``fanova``: which share of the variance of a random forest each parameter explains (Hutter, Hoos,
  Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", ICML 2014).

Both look at complete configurations, and at the parameters that all of them have. Few trials, or
trials that a model chose near its best ones, give noisy figures. So a parameter is only fixed if
its share is small among all trials that are looked at, and in both halves of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final, Literal

from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from optuna.pruners import NopPruner
from optuna.samplers import RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Fix
from janitor.sweep.config.space import Space
from janitor.sweep.configurations import best_configuration
from janitor.sweep.optimizers.axes import Axis, axes_of
from janitor.sweep.optimizers.model_search import distribution_of
from janitor.sweep.optimizers.observed import Point, Points
from janitor.sweep.optimizers.optuna_storage import STUDY, LedgerStorage
from janitor.sweep.ports import Exhausted, NotNow, Optimizer, Suggestion
from janitor.sweep.seeds import seed_of

Evaluator = Literal["ped-anova", "fanova"]
_MOST: Final = 200
"""The newest so many configurations that ``fanova`` looks at; its time grows with their number."""
_FEWEST: Final = 8
"""With fewer configurations nothing is said."""


def importances(
    axes: Sequence[Axis], points: Sequence[Point], sign: int, evaluator: Evaluator, seed: int = 0
) -> dict[str, float]:
    """The share of each parameter, the largest first; empty if too little is known.

    Args:
        axes: The search space.
        points: What is known; only complete ones count.
        sign: 1 if high objectives are good, -1 if low ones are.
        evaluator: How it is computed.
        seed: Of the forest.

    """
    known = [point for point in points if point.status == "complete" and point.value is not None]
    if evaluator == "fanova":
        known = known[-_MOST:]
    names = [axis.name for axis in axes if all(axis.name in point.inner for point in known)]
    if len(known) < _FEWEST or len(names) < 2 or len({point.value for point in known}) < 2:
        return {}
    distributions = {axis.name: distribution_of(axis) for axis in axes if axis.name in names}
    trials = [
        FrozenTrial(
            number,
            TrialState.COMPLETE,
            point.value,
            None,
            None,
            {name: point.inner[name] for name in names},
            distributions,
            {},
            {},
            {},
            number,
        )
        for number, point in enumerate(known)
    ]
    direction = StudyDirection.MAXIMIZE if sign > 0 else StudyDirection.MINIMIZE
    storage = LedgerStorage(trials, len(trials), [direction])
    study = Study(STUDY, storage, RandomSampler(0), NopPruner())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = (
            PedAnovaImportanceEvaluator()
            if evaluator == "ped-anova"
            else FanovaImportanceEvaluator(seed=seed)
        )
        found = made.evaluate(study, params=names)
    total = sum(found.values())
    if not total > 0:
        return {}
    shares = {name: round(float(value / total), 6) for name, value in found.items()}
    return dict(sorted(shares.items(), key=lambda each: (-each[1], each[0])))


@dataclass(slots=True)
class FixingOptimizer:
    """An optimizer, and the fixing of parameters that do not matter.

    Looks at the first ``after``, twice as many, four times as many, … complete configurations.
    """

    inner: Optimizer
    space: Space
    after: int
    below: float
    """A smaller share of the importance is too little."""
    evaluator: Evaluator = "ped-anova"
    sign: int = -1
    repeats: int = 1
    seed: int = 0
    _axes: tuple[Axis, ...] = field(init=False)
    _seen: Points = field(init=False)
    _last: tuple[list[Point], dict[str, float]] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._axes = axes_of(self.space)
        self._seen = Points(self._axes)

    def suggest(self, ledger: Ledger, index: int) -> Suggestion | NotNow | Exhausted:
        """What the optimizer suggests, with the values of fixed parameters."""
        return self.inner.suggest(ledger, index)

    def versions(self) -> Mapping[str, str]:
        """Of the libraries on which suggestions and fixes depend."""
        own = ["optuna", "numpy", *(["scikit-learn"] if self.evaluator == "fanova" else [])]
        return {**{name: version(name) for name in own}, **self.inner.versions()}

    def fixes(self, ledger: Ledger) -> list[Fix]:
        """The parameters that get one value from here on."""
        free = [
            axis
            for axis in self._fixable()
            if axis.name not in ledger.fixed and axis.name not in ledger.released
        ]
        points, _ = self._seen.of(ledger)
        complete = [point for point in points if point.status == "complete"]
        count = self.after
        while 2 * count <= len(complete):
            count *= 2
        if not free or count > len(complete):
            return []
        shares = self._shares(complete[:count], ledger.name)
        best = best_configuration(ledger, self.sign, self.repeats)
        if best is None:
            return []
        return [
            Fix(
                axis.name,
                best.params[axis.name],
                f"its share of the importance ({self.evaluator}) is at most"
                f" {100 * shares[axis.name]:.2g} % in {count} trials and in both halves of them,"
                f" below {100 * self.below:g} %; this is its value in {best.run}, the best one."
                f" To undo: janitor sweep include {ledger.name} {axis.name}",
            )
            for axis in free
            if shares.get(axis.name, 1.0) < self.below and axis.name in best.params
        ]

    def _shares(self, points: list[Point], name: str) -> dict[str, float]:
        """The largest share of each parameter in the trials and in their halves."""
        if self._last is not None and self._last[0] == points:
            return self._last[1]
        parts = [points, points[::2], points[1::2]]
        seed = seed_of(name, len(points), 0, f"importance.{self.seed}")
        found = [importances(self._axes, part, self.sign, self.evaluator, seed) for part in parts]
        shares = {
            axis: max(each.get(axis, 1.0) for each in found) for axis in found[0] if all(found)
        }
        self._last = points, shares
        return shares

    def _fixable(self) -> list[Axis]:
        """Single parameters that always exist, and on which no other one depends."""
        asked = {name for each in self.space.parameters for name in each.when}
        return [
            axis
            for axis in self._axes
            if not axis.is_single
            and len(axis.parameters) == 1
            and axis.parameters[0].path == (axis.name,)
            and not axis.parameters[0].when
            and axis.name not in asked
        ]
