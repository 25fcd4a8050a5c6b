"""The search space as a model sees it: one inner number per parameter, and the way back.

Parameters that change together are one axis. Each axis is a float or an integer between two bounds,
perhaps on a logarithmic scale, or the number of a choice:

- values: the number of the value. ``q_uniform``, and ``q_log_*`` from q up: the multiple of q.
- ``log_*``: the value, on a logarithmic scale. ``inv_log_uniform_values``: its reciprocal.
- normal, log-normal and beta: the probability below the value, as in W&B's Bayesian search.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final, Literal

from janitor.model.summary import ABSENT
from janitor.sweep.config.distributions import Distribution, multiple
from janitor.sweep.config.space import Parameter, Path, Space, applies

_EDGE: Final = 1e-9
"""The probability that is cut off at either end of an unbounded distribution."""
_SLACK: Final = 1e-9
"""Relative: by so much a value may be outside its bounds, for the noise of arithmetic."""

Inner = float | int


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of the space."""

    name: str
    parameters: tuple[Parameter, ...]
    kind: Literal["float", "int", "choice"]
    low: Inner
    high: Inner
    is_log: bool
    outer: Callable[[Inner], Sequence[Any]]
    """The values of the parameters for an inner number."""
    inner: Callable[[Sequence[Any]], Inner | None]
    """The inner number of values, of which some are ABSENT; None if they are not in the space."""

    @property
    def is_single(self) -> bool:
        """Whether there is nothing to choose."""
        return self.low == self.high

    def exists(self, chosen: Mapping[Path, Any]) -> bool:
        """Whether any of its parameters exists, given what is chosen already."""
        return any(not each.when or applies(each, chosen) for each in self.parameters)

    def unit(self, inner: Inner) -> float:
        """The inner number on a scale from 0 to 1."""
        if self.is_single:
            return 0.0
        if self.is_log:
            return math.log(inner / self.low) / math.log(self.high / self.low)
        return (inner - self.low) / (self.high - self.low)


def axes_of(space: Space) -> tuple[Axis, ...]:
    """The axes of a space, in the order of the file."""
    return tuple(_axis(tuple(group)) for group in space.axes())


def _axis(group: tuple[Parameter, ...]) -> Axis:  # noqa: PLR0911 - one case per distribution
    first = group[0]
    name = ".".join(first.path) if first.zipped is None else f"zip:{first.zipped}"
    found = first.distribution
    if len(group) > 1 or found.values:
        return _choice(name, group)
    if found.kind == "int_uniform":
        return _whole(name, group)
    low, high = found.number("min"), found.number("max")
    match found.kind:
        case "uniform":
            return _real(name, group, low, high, lambda x: x, lambda x: x)
        case "log_uniform" | "inv_log_uniform":
            bounds = math.exp(low), math.exp(high)
            return _real(name, group, *bounds, lambda x: x, lambda x: x, is_log=True)
        case "log_uniform_values":
            return _real(name, group, low, high, lambda x: x, lambda x: x, is_log=True)
        case "inv_log_uniform_values":
            return _real(name, group, 1 / high, 1 / low, lambda x: 1 / x, lambda x: 1 / x)
    return _rounded(name, group) if found.kind.startswith("q_") else _quantile(name, group)


def _choice(name: str, group: tuple[Parameter, ...]) -> Axis:
    columns = [parameter.distribution.grid or () for parameter in group]
    numbers = [{_key(value): number for number, value in enumerate(each)} for each in columns]

    def outer(number: Inner) -> Sequence[Any]:
        return [column[int(number)] for column in columns]

    def inner(values: Sequence[Any]) -> Inner | None:
        found: int | None = None
        for known, value in zip(numbers, values, strict=True):
            if value is ABSENT:
                continue
            number = known.get(_key(value))
            if number is None or found not in {None, number}:
                return None
            found = number
        return found

    return Axis(name, group, "choice", 0, len(columns[0]) - 1, False, outer, inner)  # noqa: FBT003 - a field


def _whole(name: str, group: tuple[Parameter, ...]) -> Axis:
    found = group[0].distribution
    low, high = int(found.number("min")), int(found.number("max"))

    def inner(values: Sequence[Any]) -> Inner | None:
        value = _number(values[0])
        if value is None or value != int(value) or not low <= value <= high:
            return None
        return int(value)

    return Axis(name, group, "int", low, high, False, lambda x: [int(x)], inner)  # noqa: FBT003 - a field


def _real(  # noqa: PLR0913 - one call per distribution, in the table above
    name: str,
    group: tuple[Parameter, ...],
    low: float,
    high: float,
    outward: Callable[[float], float],
    inward: Callable[[float], float],
    *,
    is_log: bool = False,
) -> Axis:
    slack = _SLACK * max(abs(low), abs(high))

    def inner(values: Sequence[Any]) -> Inner | None:
        value = _number(values[0])
        if value is None:
            return None
        try:
            found = inward(value)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
        return min(max(found, low), high) if low - slack <= found <= high + slack else None

    return Axis(name, group, "float", low, high, is_log, lambda x: [outward(x)], inner)


def _rounded(name: str, group: tuple[Parameter, ...]) -> Axis:
    """Multiples of q: by their number where the distribution has two bounds."""
    found = group[0].distribution
    q, low, high = found.number("q"), found.number("min"), found.number("max")
    if found.kind == "q_log_uniform":
        low, high = math.exp(low), math.exp(high)
    first, last = round(low / q), round(high / q)
    is_log = "log_uniform" in found.kind
    if found.kind not in {"q_uniform", "q_log_uniform", "q_log_uniform_values"} or (
        is_log and first < 1
    ):
        return _latent(name, group)

    def inner(values: Sequence[Any]) -> Inner | None:
        value = _number(values[0])
        if value is None:
            return None
        step = round(value / q)
        return step if first <= step <= last and abs(step * q - value) <= 1e-6 * q else None

    return Axis(name, group, "int", first, last, is_log, lambda x: [multiple(int(x), q)], inner)


def _latent(name: str, group: tuple[Parameter, ...]) -> Axis:
    """A number that is rounded to a multiple of q on its way out."""
    found = group[0].distribution
    q = found.number("q")
    numbers = {key: value for key, value in found.numbers.items() if key != "q"}
    plain = Distribution(found.kind.removeprefix("q_"), numbers)
    under = _axis((Parameter(group[0].path, plain, group[0].when),))

    def outer(number: Inner) -> Sequence[Any]:
        return [multiple(round(under.outer(number)[0] / q), q)]

    def inner(values: Sequence[Any]) -> Inner | None:
        value = _number(values[0])
        if value is None:
            return None
        edges = sorted((under.outer(under.low)[0], under.outer(under.high)[0]))
        if not edges[0] - q <= value <= edges[1] + q:
            return None
        return under.inner([min(max(value, edges[0]), edges[1])])

    return Axis(name, group, "float", under.low, under.high, under.is_log, outer, inner)


def _quantile(name: str, group: tuple[Parameter, ...]) -> Axis:
    found = group[0].distribution
    mu, sigma = found.number("mu"), found.number("sigma")
    if found.kind == "beta":
        return _beta(name, group, found.number("a"), found.number("b"))
    normal = NormalDist(mu, sigma or 1.0)
    edge = _EDGE if sigma else 0.5
    if found.kind == "log_normal":
        return _real(
            name,
            group,
            edge,
            1 - edge,
            lambda u: math.exp(normal.inv_cdf(u)),
            lambda value: normal.cdf(math.log(value)),
        )
    return _real(name, group, edge, 1 - edge, normal.inv_cdf, normal.cdf)


def _beta(name: str, group: tuple[Parameter, ...], a: float, b: float) -> Axis:
    from scipy.special import betainc, betaincinv  # noqa: PLC0415 - of an extra

    return _real(
        name,
        group,
        _EDGE,
        1 - _EDGE,
        lambda u: float(betaincinv(a, b, u)),
        lambda value: float(betainc(a, b, value)),
    )


def _key(value: Any) -> object:
    """A value as the key of a table in which 1, 1.0 and true differ, as they do in JSON."""
    if isinstance(value, str | int | float) or value is None:
        return type(value), value
    return json.dumps(value, sort_keys=True)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
