"""The amounts of the resource at which trials are compared. Pure."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Final

_MOST_BANDS: Final = 100
"""As many as W&B makes from min_iter."""
_FARTHEST: Final = 1e15
"""No run logs so many values."""


@lru_cache(maxsize=64)
def levels_of(least: float, most: float, eta: float) -> tuple[float, ...]:
    """The rungs least·η^k below ``most``, and ``most``.

    Computed by exact multiplication: ``int(log(most / least) / log(eta))`` loses a rung where the
    logarithms are not exact, as for η = 3 and 243, and for η = 10 and 1000.
    """
    found, level = [], exact(least)
    while level < exact(most):
        found.append(float(level))
        level *= exact(eta)
    return (*found, float(most))


@lru_cache(maxsize=64)
def exact(number: float) -> Fraction:
    """The decimal number that a person wrote: 0.1 is one tenth."""
    return Fraction(str(number))


def bands_from(first: float, eta: float) -> tuple[float, ...]:
    """The bands of W&B's ``min_iter``, computed as W&B does."""
    bands, band = [], first
    for _ in range(_MOST_BANDS):
        bands.append(float(int(band)))
        band *= eta
        if band > _FARTHEST:
            break
    return tuple(sorted(set(bands)))


def bands_up_to(last: float, eta: float, count: int) -> tuple[float, ...]:
    """The bands of W&B's ``max_iter`` and ``s``; empty if there are none."""
    bands, band = [], last
    for _ in range(count):
        band /= eta
        if band < 1:
            break
        bands.append(float(int(band)))
    return tuple(sorted(set(bands)))
