"""The distributions of W&B's sweep files: their grids, and draws by inverse transform.

Source: W&B's sweep configuration reference, and the schema in the wandb client
(``wandb/sweeps/config/schema.json``). ``log_uniform`` takes natural-log exponents as its bounds;
``log_uniform_values`` takes the bounds themselves. A ``q_`` variant is rounded to a multiple of
``q``, and may thereby leave the bounds, as in W&B.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

from janitor.sweep.seeds import Numbers

MOST_GRID_VALUES: Final = 1_000_000
"""Values that one parameter of a grid may have."""

_BOUNDS: Final = ("min", "max")
KEYS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "constant": (("value",), ()),
    "categorical": (("values",), ()),
    "categorical_w_probabilities": (("values", "probabilities"), ()),
    "int_uniform": (_BOUNDS, ()),
    "uniform": (_BOUNDS, ()),
    "q_uniform": (_BOUNDS, ("q",)),
    "log_uniform": (_BOUNDS, ()),
    "q_log_uniform": (_BOUNDS, ("q",)),
    "inv_log_uniform": (_BOUNDS, ()),
    "log_uniform_values": (_BOUNDS, ()),
    "q_log_uniform_values": (_BOUNDS, ("q",)),
    "inv_log_uniform_values": (_BOUNDS, ()),
    "normal": ((), ("mu", "sigma")),
    "q_normal": ((), ("mu", "sigma", "q")),
    "log_normal": ((), ("mu", "sigma")),
    "q_log_normal": ((), ("mu", "sigma", "q")),
    "beta": ((), ("a", "b")),
    "q_beta": ((), ("a", "b", "q")),
}
"""Each distribution: the keys that it needs, and those that it may have."""
_DEFAULTS: Final = {"q": 1.0, "mu": 0.0, "sigma": 1.0, "a": 1.0, "b": 1.0}


@dataclass(frozen=True, slots=True)
class Distribution:
    """The distribution of one parameter."""

    kind: str
    """Its name in W&B."""
    numbers: Mapping[str, float]
    """Its keys with numbers: min, max, q, mu, sigma, a, b."""
    values: tuple[Any, ...] = ()
    probabilities: tuple[float, ...] = ()
    points: int | None = None
    """How many points of a continuous distribution a grid has."""

    def number(self, name: str) -> float:
        """One of its numbers, or its default in W&B."""
        return self.numbers.get(name, _DEFAULTS.get(name, 0.0))

    @property
    def grid(self) -> Sequence[Any] | None:  # noqa: PLR0911 - one case per distribution
        """Its values in a grid, in order, each once; None if it has no finite grid."""
        if self.values:
            return self.values
        low, high = self.number("min"), self.number("max")
        match self.kind:
            case "int_uniform":
                return range(int(low), int(high) + 1)
            case "q_uniform":
                return self._steps(low, high)
            case "uniform" if self.points:
                return _spread(low, high, self.points)
            case "log_uniform_values" | "inv_log_uniform_values" if self.points:
                inner = _spread(math.log(low), math.log(high), self.points)[1:-1]
                return (low, *map(math.exp, inner), high) if self.points > 1 else (low,)
            case "log_uniform" | "inv_log_uniform" if self.points:
                return tuple(math.exp(each) for each in _spread(low, high, self.points))
        return None

    def _steps(self, low: float, high: float) -> Sequence[float]:
        """Every multiple of q from the lower to the upper bound, both included."""
        q = self.number("q")
        first, last = math.ceil(low / q - 1e-9), math.floor(high / q + 1e-9)
        return tuple(multiple(step, q) for step in range(first, last + 1))

    def draw(self, numbers: Numbers) -> Any:
        """A value, from as many random numbers as it needs."""
        if self.probabilities:
            return self._weighted(numbers.next())
        if self.values:
            return self.values[int(numbers.next() * len(self.values))]
        value = self._continuous(numbers)
        if self.kind == "int_uniform":
            return int(value)
        if self.kind.startswith("q_"):
            q = self.number("q")
            return multiple(round(value / q), q)
        return value

    def _weighted(self, number: float) -> Any:
        rest = number * sum(self.probabilities)
        for value, probability in zip(self.values, self.probabilities, strict=True):
            rest -= probability
            if rest < 0:
                return value
        return self.values[-1]

    def _continuous(self, numbers: Numbers) -> float:  # noqa: PLR0911 - one case per distribution
        low, high, u = self.number("min"), self.number("max"), numbers.next()
        match self.kind.removeprefix("q_"):
            case "int_uniform":
                return low + math.floor(u * (high - low + 1))
            case "log_uniform":
                return math.exp(low + u * (high - low))
            case "inv_log_uniform":
                return math.exp(high - u * (high - low))
            case "log_uniform_values":
                return _within(math.exp(math.log(low) + u * math.log(high / low)), low, high)
            case "inv_log_uniform_values":
                inverse = 1 / high + u * (1 / low - 1 / high)
                return _within(1 / inverse, low, high)
            case "normal":
                return self._normal(u)
            case "log_normal":
                return math.exp(self._normal(u))
            case "beta":
                return _beta(self.number("a"), self.number("b"), numbers)
        return low + u * (high - low)

    def _normal(self, u: float) -> float:
        mu, sigma = self.number("mu"), self.number("sigma")
        return NormalDist(mu, sigma).inv_cdf(min(max(u, 2**-54), 1 - 2**-53)) if sigma else mu


def _spread(low: float, high: float, points: int) -> tuple[float, ...]:
    """Points at equal distances, both bounds included."""
    if points == 1:
        return (low,)
    step = (high - low) / (points - 1)
    return (*(low + number * step for number in range(points - 1)), high)


def multiple(step: int, q: float) -> float | int:
    """A multiple of q without the noise of binary fractions: 3 times 0.1 is 0.3."""
    value = step * q
    if float(q).is_integer():
        return int(value)
    digits = max(0, -math.floor(math.log10(q))) + 12
    return round(value, digits)


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _beta(a: float, b: float, numbers: Numbers) -> float:
    """A draw from Beta(a, b), as the ratio of two gamma draws (Devroye 1986, IX.4)."""
    x = _gamma(a, numbers)
    return x / (x + _gamma(b, numbers))


def _gamma(shape: float, numbers: Numbers) -> float:
    """A draw from Gamma(shape, 1), by Marsaglia and Tsang (2000), with their boost below 1."""
    if shape < 1:
        boost: float = (1 - numbers.next()) ** (1 / shape)
        return _gamma(shape + 1, numbers) * boost
    d = shape - 1 / 3
    c = 1 / math.sqrt(9 * d)
    while True:
        x = NormalDist().inv_cdf(min(max(numbers.next(), 2**-54), 1 - 2**-53))
        v = (1 + c * x) ** 3
        if v > 0 and math.log(1 - numbers.next()) < x * x / 2 + d * (1 - v + math.log(v)):
            return d * v
