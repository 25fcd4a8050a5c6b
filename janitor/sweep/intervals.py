"""Confidence intervals of means of few values. Pure, and without a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import stdev

CONFIDENCE = 0.95


def interval_of(
    values: Sequence[float], confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Student's interval of the mean; None for fewer than two values."""
    count = len(values)
    if count < 2:
        return None
    mean = math.fsum(values) / count
    half = t_quantile((1 + confidence) / 2, count - 1) * stdev(values) / math.sqrt(count)
    return mean - half, mean + half


@lru_cache(maxsize=512)
def t_quantile(probability: float, degrees: int) -> float:
    """The quantile of Student's distribution, for a probability above 0.5.

    By bisection of the finite series for whole degrees of freedom (Abramowitz and Stegun, 26.7.3
    and 26.7.4).
    """
    low, high = 0.0, 1.0
    while _within(high, degrees) < 2 * probability - 1:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        if _within(middle, degrees) < 2 * probability - 1:
            low = middle
        else:
            high = middle
    return high


def _within(t: float, degrees: int) -> float:
    """The probability of values from -t to t."""
    angle = math.atan(t / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = degrees % 2 == 1
    term = cosine if is_odd else 1.0
    total = 0.0
    for step in range(3 if is_odd else 2, degrees + 1, 2):
        total += term
        term *= cosine * cosine * (step - 1) / step
    return 2 / math.pi * (angle + sine * total) if is_odd else sine * total
