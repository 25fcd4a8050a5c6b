"""The amounts of the resource at which trials are compared. Pure."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache


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
