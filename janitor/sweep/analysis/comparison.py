"""Compares sweeps: which one found better results, and whether that is more than luck.

Needs scipy. Where two sweeps have tried the same configurations, these are compared in pairs
(Wilcoxon's signed-rank test). Otherwise the objectives of all complete trials are compared (Mann
and Whitney). Repeats of a configuration count as one result, their mean.

Both tests allow for the trials of an optimizer that learns, which depend on each other, and a
difference counts at a level below 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from janitor.sweep.analysis.data import SweepData, is_numeric
from janitor.sweep.analysis.effects import holm
from janitor.sweep.analysis.progress import best_so_far
from janitor.sweep.analysis.significance import Floats, paired, unpaired

LEVEL: Final = 0.035
"""p below which a difference counts. Below 5 %, so that of 1,000 comparisons of equal sweeps at
most 5 % find a difference, with the luck of these 1,000 as well."""
_FEWEST: Final = 5
_FEWEST_LEARNED: Final = 30
"""Of a sweep whose optimizer learns: in fewer trials its start and its luck cannot be told apart.
"""
_TOP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Found:
    """What one sweep found with the budget that all compared sweeps have used."""

    sweep: str
    complete: int
    """Configurations with a result, in the whole sweep."""
    budget: int
    """The first so many configurations that ended count for what follows."""
    best: float | None
    low: float | None
    """The 95 % interval of the best result, by bootstrap over the trials."""
    high: float | None
    area: float | None
    """The mean, over the budget, of the best result so far: a small area is a fast search."""
    median: float | None


@dataclass(frozen=True, slots=True)
class Shift:
    """Where the best quarter of each sweep lies in one parameter."""

    parameter: str
    first: str
    """The median, or the most frequent value."""
    second: str
    p: float
    """That both are the same; corrected."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sweeps."""

    first: Found
    second: Found
    metric: str
    goal: str
    test: Literal["wilcoxon", "mann-whitney", "none"]
    pairs: int
    """Configurations that both have tried."""
    p: float | None
    """That neither is better; two-sided."""
    effect: float | None
    """From -1 to 1; positive if the second sweep is better (rank-biserial correlation)."""
    loss_percent: float | None
    """By how much the second one is worse, in percent of the first one's median: of pairs the
    median difference, otherwise the estimate of Hodges and Lehmann. Negative if it is better."""
    shifts: tuple[Shift, ...]
    verdict: str

    @property
    def is_different(self) -> bool:
        """Whether there is a difference beyond luck."""
        return self.p is not None and self.p < LEVEL

    @property
    def winner(self) -> str | None:
        """The better sweep, if they differ beyond luck."""
        if not self.is_different:
            return None
        return (self.second if (self.effect or 0.0) > 0 else self.first).sweep

    def is_regression(self, percent: float) -> bool:
        """Whether the second one is worse by more than so many percent, beyond luck."""
        is_worse = self.is_different and (self.effect or 0.0) < 0
        return is_worse and self.loss_percent is not None and self.loss_percent > percent


def compare(first: SweepData, second: SweepData) -> Comparison:
    """Compare two sweeps with the same metric and goal.

    Raises:
        ValueError: their metrics or goals differ.

    """
    if (first.metric, first.sign) != (second.metric, second.sign):
        raise ValueError(
            f"{first.name} and {second.name} have different metrics or goals:"
            f" {first.metric} and {second.metric}"
        )
    one, other = _results(first), _results(second)
    budget = min(len(one), len(other))
    found = _found(first, budget), _found(second, budget)
    common = [key for key in one if key in other]
    if len(common) >= _FEWEST and 2 * len(common) >= budget:
        test: Literal["wilcoxon", "mann-whitney", "none"] = "wilcoxon"
        before, after = (np.array([side[key] for key in common]) for side in (one, other))
        p, effect, loss = paired(before, after, first.sign)
    elif budget >= _fewest(first, second):
        test = "mann-whitney"
        before, after = (np.array(list(side.values())) for side in (one, other))
        p, effect, loss = unpaired(before, after, first.sign)
    else:
        test, p, effect, loss = "none", None, None, None
    return Comparison(
        *found,
        metric=first.metric,
        goal="maximize" if first.sign > 0 else "minimize",
        test=test,
        pairs=len(common),
        p=p,
        effect=effect,
        loss_percent=loss,
        shifts=tuple(_shifts(first, second)),
        verdict=_verdict(found, p, effect, loss, _fewest(first, second)),
    )


def _fewest(first: SweepData, second: SweepData) -> int:
    return _FEWEST_LEARNED if first.is_adaptive or second.is_adaptive else _FEWEST


def _results(data: SweepData) -> dict[str, float]:
    """Configuration → mean of its results, in the order in which they were first known."""
    values: dict[str, list[float]] = {}
    for row, _ in best_so_far(data):
        values.setdefault(row.configuration, []).append(row.value or 0.0)
    return {key: math.fsum(each) / len(each) for key, each in values.items()}


def _found(data: SweepData, budget: int) -> Found:
    values = np.array(list(_results(data).values()))
    if not budget:
        return Found(data.name, len(values), 0, None, None, None, None, None)
    spent = values[:budget] * data.sign
    low, high = sorted(data.sign * _best_of_resample(spent, share) for share in (0.025, 0.975))
    area = float(np.maximum.accumulate(spent).mean()) * data.sign
    best = float(spent.max()) * data.sign
    middle = float(np.median(values))
    return Found(data.name, len(values), budget, best, low, high, area, middle)


def _best_of_resample(values: Floats, share: float) -> float:
    """The quantile of the largest value of a bootstrap resample; exact, without drawing any.

    A resample has no value above the k-th smallest of n with the probability (k / n) ** n.
    """
    count = len(values)
    k = math.ceil(count * share ** (1 / count))
    return float(np.sort(values)[min(count, max(1, k)) - 1])


def _shifts(first: SweepData, second: SweepData) -> list[Shift]:
    from scipy import stats

    found: list[tuple[str, str, str, float]] = []
    names = dict.fromkeys([*first.parameters(), *second.parameters()])
    tops = [_top(first), _top(second)]
    for name in names:
        one, other = ([params[name] for params in top if name in params] for top in tops)
        if len(one) < _FEWEST or len(other) < _FEWEST:
            continue
        if is_numeric([*one, *other]):
            p = float(stats.mannwhitneyu(one, other).pvalue)
            words = [f"{float(np.median(each)):.4g}" for each in (one, other)]
        else:
            values = sorted({repr(value) for value in (*one, *other)})
            table = [
                [list(map(repr, side)).count(value) for value in values] for side in (one, other)
            ]
            p = float(stats.chi2_contingency(table).pvalue) if len(values) > 1 else 1.0
            words = [str(max(side, key=list(side).count)) for side in (one, other)]
        found.append((name, *words, p))  # type: ignore[arg-type] # two words
    corrected = holm([p for *_, p in found])
    return [
        Shift(name, one, other, p)
        for (name, one, other, _), p in zip(found, corrected, strict=True)
    ]


def _top(data: SweepData) -> list[dict[str, Any]]:
    ranked = sorted(data.complete(), key=lambda row: -data.sign * (row.value or 0.0))
    return [dict(row.params) for row in ranked[: max(_FEWEST, round(_TOP * len(ranked)))]]


def _verdict(
    found: tuple[Found, Found],
    p: float | None,
    effect: float | None,
    loss: float | None,
    fewest: int = _FEWEST,
) -> str:
    """One sentence."""
    first, second = found
    if p is None or effect is None or first.best is None or second.best is None:
        return (
            f"{first.sweep} and {second.sweep} cannot be compared: both need {fewest} complete"
            f" configurations, and they have {first.complete} and {second.complete}."
        )
    bests = (
        f"with the same {first.budget} configurations {first.sweep} found {first.best:.6g} and"
        f" {second.sweep} {second.best:.6g}"
    )
    if p >= LEVEL:
        return f"No difference beyond luck (p = {p:.2g}): {bests}."
    better, worse = (second, first) if effect > 0 else (first, second)
    by = "" if loss is None else f" by {abs(loss):.2g} %"
    return f"{better.sweep} is better than {worse.sweep}{by} (p = {p:.2g}): {bests}."


def compare_all(sweeps: Sequence[SweepData]) -> list[Comparison]:
    """Each further sweep against the first one; the p values are corrected for their number.

    Raises:
        ValueError: metrics or goals differ.

    """
    found = [compare(sweeps[0], each) for each in sweeps[1:]]
    known = [one.p for one in found if one.p is not None]
    corrected = iter(holm(known))
    return [one if one.p is None else _with_p(one, next(corrected)) for one in found]


def _with_p(one: Comparison, p: float) -> Comparison:
    verdict = _verdict((one.first, one.second), p, one.effect, one.loss_percent)
    return replace(one, p=p, verdict=verdict)
