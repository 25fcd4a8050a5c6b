"""The statistical tests of a comparison. All of them need scipy.

Where an optimizer learns, its trials are not independent of each other, and a test that takes them
as independent finds differences where there are none. The statistic is therefore divided by the
square root of the autocorrelation time of the trials (Geyer, "Practical Markov Chain Monte Carlo",
1992: the initial positive sequence).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SEED: Final = 0x6A616E

Floats = NDArray[np.float64]


def paired(before: Floats, after: Floats, sign: int) -> tuple[float, float, float | None]:
    """Wilcoxon's signed-rank test: p, effect (rank-biserial), loss in percent of ``before``."""
    from scipy import stats

    better = sign * (after - before)
    if not better.any():
        return 1.0, 0.0, 0.0
    ranks = stats.rankdata(np.abs(better[better != 0]))
    signs = np.sign(better[better != 0])
    effect = float((ranks * signs).sum() / ranks.sum())
    p = float(stats.wilcoxon(better).pvalue)
    return p, effect, _percent(-float(np.median(better)), before)


def unpaired(before: Floats, after: Floats, sign: int) -> tuple[float, float, float | None]:
    """Mann and Whitney's test, corrected for trials that depend on each other; as `paired`."""
    from scipy import stats

    outcome = stats.mannwhitneyu(sign * after, sign * before)
    pairs = len(before) * len(after)
    effect = 2 * float(outcome.statistic) / pairs - 1
    times = max(autocorrelation_time(before), autocorrelation_time(after))
    degrees = (len(before) + len(after)) / times - 2
    z = stats.norm.isf(float(outcome.pvalue) / 2) / math.sqrt(times)
    p = float(2 * stats.t.sf(abs(z), degrees)) if degrees > 1 else 1.0
    return min(1.0, p), effect, _percent(_hodges_lehmann(sign * before, sign * after), before)


def autocorrelation_time(values: Floats) -> float:
    """How many trials in a row are worth one independent trial; at least 1.

    Ranks are used, as in the test. Sums of two neighbouring autocorrelations are added up to the
    first one that is not positive.
    """
    from scipy import stats

    ranks = stats.rankdata(values)
    ranks = ranks - ranks.mean()
    variance = float(ranks @ ranks)
    if variance == 0:
        return 1.0
    count = len(ranks)
    # One autocorrelation of a short series is too small on average (Kendall, 1954).
    first = float(ranks[1:] @ ranks[:-1]) / variance
    first = min(0.99, first + (1 + 4 * first) / count)
    # All autocorrelations at once, by the Fourier transform.
    spectrum = np.fft.rfft(ranks, 2 * count)
    correlations = np.fft.irfft(spectrum * spectrum.conj())[:count] / variance
    total = 0.0
    for lag in range(0, count - 1, 2):
        pair = float(correlations[lag] + correlations[lag + 1])
        if pair <= 0:
            break
        total += pair
    return max(1.0, 2 * total - 1, (1 + first) / (1 - first))


def _hodges_lehmann(before: Floats, after: Floats) -> float:
    """By how much ``before`` is larger: the median of all differences, of a sample if many."""
    random = np.random.default_rng(_SEED)
    one, other = (
        side if len(side) <= 1_000 else random.choice(side, 1_000, replace=False)
        for side in (before, after)
    )
    return float(np.median(one[:, None] - other[None, :]))


def _percent(loss: float, before: Floats) -> float | None:
    middle = abs(float(np.median(before)))
    return 100 * loss / middle if middle > 0 else None
