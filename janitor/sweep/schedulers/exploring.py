"""How population based training changes the parameters of a copy. Pure.

Source: Jaderberg, Dalibard, Osindero, Czarnecki, Donahue, Razavi, Vinyals, Green, Dunning,
Simonyan, Fernando, Kavukcuoglu, "Population Based Training of Neural Networks", 2017, section 4.1:
each parameter is resampled from its distribution, or multiplied by 0.8 or 1.2.

Where this differs: a value is clipped to its domain (Ray's is not), a whole number changes by at
least one, and a value from a list of numbers goes to a neighbour in the list. Other lists are
resampled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from janitor.model.summary import ABSENT
from janitor.sweep.config.distributions import Distribution, multiple
from janitor.sweep.config.space import Parameter, Path, Space, choose, nested
from janitor.sweep.seeds import Numbers


@dataclass(frozen=True, slots=True)
class Explore:
    """Changes the parameters of a configuration."""

    space: Space

    numbers: Numbers
    resample: float = 0.25
    """The probability with which a value is drawn again."""
    factors: tuple[float, float] = (0.8, 1.2)

    def changed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Another configuration of the space, near this one."""
        chosen: dict[Path, Any] = {}
        for axis in self.space.axes():
            values = [_value_at(params, each.path) for each in axis]
            choose(axis, self._moved(axis, values), chosen)
        return nested(chosen)

    def _moved(self, axis: Sequence[Parameter], values: Sequence[Any]) -> Sequence[Any]:
        """New values of parameters that change together."""
        is_up = self.numbers.next() < 0.5
        if self.numbers.next() < self.resample or any(value is ABSENT for value in values):
            return self._drawn(axis)
        if len(axis) > 1:
            return self._shifted_together(axis, values, is_up=is_up)
        return [self._changed(axis[0].distribution, values[0], is_up=is_up)]

    def _shifted_together(
        self, axis: Sequence[Parameter], values: Sequence[Any], *, is_up: bool
    ) -> Sequence[Any]:
        grids = [each.distribution.grid or () for each in axis]
        rows = list(zip(*grids, strict=False))
        if tuple(values) not in rows:
            return self._drawn(axis)
        return rows[_neighbour(rows.index(tuple(values)), len(rows), is_up=is_up)]

    def _drawn(self, axis: Sequence[Parameter]) -> Sequence[Any]:
        if len(axis) == 1:
            return [axis[0].distribution.draw(self.numbers)]
        rows = list(zip(*(each.distribution.grid or () for each in axis), strict=False))
        return rows[int(self.numbers.next() * len(rows))]

    def _changed(self, distribution: Distribution, value: Any, *, is_up: bool) -> Any:
        choices = distribution.values
        if choices:
            if not all(map(_is_number, choices)) or value not in choices:
                return distribution.draw(self.numbers)
            return choices[_neighbour(choices.index(value), len(choices), is_up=is_up)]
        if not _is_number(value):
            return distribution.draw(self.numbers)
        low, high = bounds_of(distribution)
        new = value * self.factors[is_up]
        if distribution.kind == "int_uniform":
            step = max(1, round(abs(new - value)))
            new = value + math.copysign(step, new - value if new != value else 1)
            return int(min(max(new, low), high))
        if distribution.kind.startswith("q_"):
            q = distribution.number("q")
            return multiple(round(min(max(new, low), high) / q), q)
        return min(max(new, low), high)


def bounds_of(distribution: Distribution) -> tuple[float, float]:
    """The domain of a distribution."""
    low, high = distribution.number("min"), distribution.number("max")
    kind = distribution.kind.removeprefix("q_").removeprefix("inv_")
    match kind:
        case "log_uniform":
            return math.exp(low), math.exp(high)
        case "normal":
            return -math.inf, math.inf
        case "log_normal":
            return 0.0, math.inf
        case "beta":
            return 0.0, 1.0
    return low, high


def _value_at(params: Mapping[str, Any], path: Path) -> Any:
    """The value of a parameter; ABSENT if there is none."""
    value: Any = params
    for key in path:
        value = value.get(key, ABSENT) if isinstance(value, Mapping) else ABSENT
    return value


def _neighbour(index: int, count: int, *, is_up: bool) -> int:
    return min(max(index + (1 if is_up else -1), 0), count - 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
