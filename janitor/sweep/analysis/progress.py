"""How a sweep converged, what early stopping saved, and where the cost went. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from janitor.sweep.analysis.data import SweepData, TrialRow

_RESAMPLES: Final = 400
_SEED: Final = 0x6A616E
_FEWEST: Final = 8
_ENOUGH_AT_RUNG: Final = 5


@dataclass(frozen=True, slots=True)
class Convergence:
    """Whether more trials would help."""

    more: int
    gain: float | None
    """By how much so many more trials would improve the best result; None if it is not known."""
    low: float | None
    """The 80 % interval of the gain, by bootstrap."""
    high: float | None
    last_gain: float | None
    """By how much the last so many trials did improve it."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """What early stopping did."""

    stopped: int
    seconds_saved: float
    """Against training every stopped trial as long as a complete one takes (the median)."""
    gpu_hours_saved: float
    regret: float | None
    """By how much a stopped trial would have been better than the best one, expected; None if too
    few complete trials have a value at the milestones."""
    would_have_won: float | None
    """The probability that one of the stopped trials would have been the best."""


@dataclass(frozen=True, slots=True)
class CostShare:
    """A part of the time that jobs used."""

    what: str
    seconds: float
    share: float


def best_so_far(data: SweepData) -> list[tuple[TrialRow, float]]:
    """Each complete trial in the order in which trials ended, with the best value up to it."""
    rows = sorted(data.complete(), key=lambda row: (row.ended or row.started, row.index))
    found: list[tuple[TrialRow, float]] = []
    for row in rows:
        value = row.value or 0.0
        best = found[-1][1] if found else value
        found.append((row, max(best, value, key=lambda one: data.sign * one)))
    return found


def convergence(data: SweepData, more: int = 20) -> Convergence:
    """What so many more trials would gain.

    The expected best of n results grows about with the logarithm of n (exactly so for tails of the
    Gumbel type). Its slope is measured between the half and the whole of the complete trials, from
    order statistics. Where the optimizer learns, only the later half of the trials is used.
    """
    path = best_so_far(data)
    if len(path) < _FEWEST:
        return Convergence(more, None, None, None, None)
    before = path[-1 - more][1] if len(path) > more else path[0][1]
    last_gain = abs(path[-1][1] - before)
    values = np.array([data.sign * (row.value or 0.0) for row, _ in path])
    if data.is_adaptive:
        values = values[len(values) // 2 :]
    gain = _gain(values, more)
    random = np.random.default_rng(_SEED)
    drawn = [_gain(random.choice(values, len(values)), more) for _ in range(_RESAMPLES)]
    low, high = np.quantile(drawn, [0.1, 0.9])
    return Convergence(more, gain, float(low), float(max(high, gain)), last_gain)


def _gain(values: NDArray[np.float64], more: int) -> float:
    count = len(values)
    half = count // 2
    slope = (_expected_best(values, count) - _expected_best(values, half)) / math.log(count / half)
    return max(0.0, slope) * math.log((count + more) / count)


def _expected_best(values: NDArray[np.float64], draws: int) -> float:
    """The expected largest of so many of the values, drawn without replacement."""
    ascending, count = np.sort(values), len(values)
    if draws >= count:
        return float(ascending[-1])
    # P(the largest of the draws is the k-th smallest) = C(k-1, draws-1) / C(count, draws)
    weights = np.zeros(count)
    weights[-1] = draws / count
    for k in range(count - 1, draws - 1, -1):
        weights[k - 1] = weights[k] * (k - draws + 1) / k
        if weights[k - 1] < 1e-12:
            break
    return float(weights @ ascending / weights.sum())


def stopping(data: SweepData) -> Stopping | None:
    """What early stopping saved and what it may have missed; None if it stopped nothing."""
    stopped = [row for row in data.trials if row.outcome == "pruned" and not row.is_hidden]
    complete = data.complete()
    if not stopped:
        return None
    whole = median(row.seconds for row in complete) if complete else 0.0
    saved = math.fsum(max(0.0, whole - row.seconds) for row in stopped)
    regret, won = _regret(data, stopped, complete)
    return Stopping(len(stopped), saved, saved * data.gpus / 3600, regret, won)


def _regret(
    data: SweepData, stopped: Sequence[TrialRow], complete: Sequence[TrialRow]
) -> tuple[float | None, float | None]:
    """The final value of each stopped trial, predicted from its last milestone by a line.

    The complete trials were promoted, so the line is fitted to the better ones; the residuals have
    a normal distribution.
    """
    best = data.best()
    lines: dict[float, tuple[float, float, float] | None] = {}
    losses, gains = [], []
    for row in stopped:
        if best is None or best.value is None or not row.rungs:
            continue
        rung, value = row.rungs[-1]
        if rung not in lines:
            lines[rung] = _line(rung, complete)
        line = lines[rung]
        if line is None or not math.isfinite(value):
            continue
        slope, intercept, spread = line
        ahead = data.sign * (slope * value + intercept - best.value)
        if spread <= 0:
            losses.append(float(ahead <= 0))
            gains.append(max(0.0, ahead))
            continue
        normal = NormalDist(0, spread)
        losses.append(normal.cdf(-ahead))
        gains.append(ahead * normal.cdf(ahead) + spread**2 * normal.pdf(ahead))
    if not gains:
        return None, None
    return max(gains), 1 - math.prod(losses)


def _line(rung: float, complete: Sequence[TrialRow]) -> tuple[float, float, float] | None:
    """(slope, intercept, standard deviation) of final values over those at a milestone."""
    pairs = [
        (value, row.value or 0.0)
        for row in complete
        for at, value in row.rungs
        if at == rung and math.isfinite(value)
    ]
    if len(pairs) < _ENOUGH_AT_RUNG:
        return None
    x, y = np.array(pairs).T
    if np.ptp(x) == 0:
        return None
    slope, intercept = np.polyfit(x, y, 1)
    residuals = y - slope * x - intercept
    return float(slope), float(intercept), float(np.sqrt((residuals**2).sum() / (len(x) - 2)))


def cost_shares(data: SweepData) -> list[CostShare]:
    """Where the time of ended jobs went, the largest part first.

    A job that ended well counts for the outcome of its trial; another one for how it ended.
    """
    outcomes = {row.run: row.outcome for row in data.trials}
    seconds: Counter[str] = Counter()
    for job in data.jobs:
        if job.ending is None or job.seconds <= 0:
            continue
        if job.is_evaluation:
            what = "evaluations"
        elif job.ending in ("ok", "stopped"):
            what = f"trainings of {outcomes[job.run]} trials"
        else:
            what = f"attempts that ended {job.ending}"
        seconds[what] += job.seconds  # type: ignore[assignment] # a Counter of floats
    total = math.fsum(seconds.values())
    return [CostShare(what, spent, spent / total) for what, spent in seconds.most_common()]
