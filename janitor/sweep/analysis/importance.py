"""How much each parameter matters for good results. Pure; needs the extra ``sweep``.

PED-ANOVA: how much the distribution of a parameter among the best tenth of the trials differs from
that among all of them (Watanabe, Bansal, Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter
Importance in Arbitrary Subspaces", IJCAI 2023), as Optuna computes it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from janitor.sweep.analysis.data import SweepData, is_numeric

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST: Final = 20
"""Complete trials that are needed: the best tenth must be two at least."""


def importance_of(data: SweepData) -> dict[str, float]:
    """Parameter → its share of the importance; empty if there are too few complete trials."""
    rows = data.complete()
    params = [row.params for row in rows]
    values = [row.value or 0.0 for row in rows]
    return importance(params, values, data.sign, data.logs)


def importance(
    params: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    sign: int,
    logs: Collection[str] = (),
) -> dict[str, float]:
    """Parameter → its share of the importance, the largest first; the shares add up to 1.

    Args:
        params: Of each trial, flat. A parameter may be missing where a condition removes it.
        values: The objective of each trial, finite.
        sign: 1 if high values are good, -1 if low ones are.
        logs: The parameters on a logarithmic scale.

    """
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator
    from optuna.trial import create_trial

    encoded = _encoded(params, logs)
    if len(values) < FEWEST or not encoded:
        return {}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(direction="minimize")
        study.add_trials(
            create_trial(
                params={
                    name: column[number]
                    for name, (_, column) in encoded.items()
                    if number in column
                },
                distributions={
                    name: kind for name, (kind, column) in encoded.items() if number in column
                },
                value=-sign * value,
            )
            for number, value in enumerate(values)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = PedAnovaImportanceEvaluator().evaluate(study)
    finally:
        optuna.logging.set_verbosity(verbosity)
    total = math.fsum(raw.values())
    shares = {name: value / total if total > 0 else 1 / len(raw) for name, value in raw.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _encoded(
    params: Sequence[Mapping[str, Any]], logs: Collection[str]
) -> dict[str, tuple[BaseDistribution, dict[int, Any]]]:
    """Each parameter with several values: its distribution, and its value in each trial."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    columns: dict[str, dict[int, Any]] = {}
    for number, given in enumerate(params):
        for name, value in given.items():
            columns.setdefault(name, {})[number] = value
    found: dict[str, tuple[BaseDistribution, dict[int, Any]]] = {}
    for name, column in columns.items():
        values = list(column.values())
        if is_numeric(values):
            low, high = float(min(values)), float(max(values))
            kind: BaseDistribution = FloatDistribution(low, high, log=name in logs and low > 0)
            found[name] = kind, {number: float(value) for number, value in column.items()}
        elif len(words := sorted({repr(value) for value in values})) > 1:
            found[name] = (
                CategoricalDistribution(words),
                {number: repr(value) for number, value in column.items()},
            )
    return found
