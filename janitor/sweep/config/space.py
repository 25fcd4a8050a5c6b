"""The search space of a sweep: its parameters in the order of the file, its grid, and draws."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from janitor.model.summary import ABSENT
from janitor.sweep.config.distributions import Distribution
from janitor.sweep.seeds import Numbers

Path = tuple[str, ...]
"""The keys that lead to a parameter; nested parameters have more than one."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the space."""

    path: Path
    distribution: Distribution
    when: Mapping[str, Sequence[Any]]
    """It exists only if each of these parameters has one of these values."""
    zipped: str | None = None
    """Parameters with the same word here change together in a grid, and in draws."""
    default: Any = ABSENT
    """What it was in trials that did not have it yet; ABSENT if the file does not say."""


@dataclass(frozen=True, slots=True)
class Space:
    """All parameters, in the order of the file."""

    parameters: tuple[Parameter, ...]

    @property
    def size(self) -> int | None:
        """How many configurations there are; None if there is no finite number.

        With conditions it is the number of points of the grid, which are counted.
        """
        grids = [axis[0].distribution.grid for axis in self.axes()]
        if any(grid is None for grid in grids):
            return None
        if any(parameter.when for parameter in self.parameters):
            return sum(1 for _ in self.grid())
        return math.prod(len(grid) for grid in grids if grid is not None)

    def without_grid(self) -> list[str]:
        """The parameters that have no finite grid."""
        return [".".join(each.path) for each in self.parameters if each.distribution.grid is None]

    def grid(self) -> Iterator[dict[str, Any]]:
        """Every point once, in the order of the file; the last parameter changes fastest."""
        yield from self._points(self.axes(), {})

    def sample(self, numbers: Numbers) -> dict[str, Any]:
        """A random point."""
        chosen: dict[Path, Any] = {}
        for axis in self.axes():
            values: Sequence[Any]
            if len(axis) == 1:
                values = [axis[0].distribution.draw(numbers)]
            else:
                grids = [each.distribution.grid or () for each in axis]
                number = int(numbers.next() * min(map(len, grids)))
                values = [grid[number] for grid in grids]
            choose(axis, values, chosen)
        return nested(chosen)

    def axes(self) -> list[list[Parameter]]:
        """Parameters that change together, in the order of their first one."""
        axes: dict[object, list[Parameter]] = {}
        for parameter in self.parameters:
            axes.setdefault(parameter.zipped or parameter.path, []).append(parameter)
        return list(axes.values())

    def _points(
        self, axes: Sequence[list[Parameter]], chosen: Mapping[Path, Any]
    ) -> Iterator[dict[str, Any]]:
        if not axes:
            yield nested(chosen)
            return
        axis = axes[0]
        if not any(applies(parameter, chosen) for parameter in axis):
            yield from self._points(axes[1:], chosen)
            return
        grids = [parameter.distribution.grid or () for parameter in axis]
        for values in zip(*grids, strict=True):
            further = dict(chosen)
            choose(axis, values, further)
            yield from self._points(axes[1:], further)


def choose(axis: Sequence[Parameter], values: Sequence[Any], chosen: dict[Path, Any]) -> None:
    """Add the values of the parameters of an axis that exist, given what is chosen already."""
    for parameter, value in zip(axis, values, strict=True):
        if applies(parameter, chosen):
            chosen[parameter.path] = value


def applies(parameter: Parameter, chosen: Mapping[Path, Any]) -> bool:
    """Whether the parameter's condition holds; it only names parameters that come before."""
    if not parameter.when:
        return True
    by_name = {".".join(path): value for path, value in chosen.items()}
    return all(
        name in by_name and by_name[name] in values for name, values in parameter.when.items()
    )


def nested(chosen: Mapping[Path, Any]) -> dict[str, Any]:
    """The params of a trial from the values by path."""
    params: dict[str, Any] = {}
    for path, value in chosen.items():
        level = params
        for key in path[:-1]:
            level = level.setdefault(key, {})
        level[path[-1]] = value
    return params


def canonical(params: Mapping[str, Any]) -> str:
    """The params as text that is equal for equal params, whatever their order."""
    return json.dumps(params, sort_keys=True, separators=(",", ":"))
