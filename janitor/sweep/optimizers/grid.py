"""GridSearchOptimizer: every point of the grid once, in the order of the sweep file.

The last parameter changes fastest. The suggestion is the first point in this order whose canonical
JSON no trial has, so a grid that was edited during the sweep neither repeats nor skips a point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from janitor.model.ledger import Ledger
from janitor.sweep.config.space import Space, canonical
from janitor.sweep.optimizers.tried import Tried
from janitor.sweep.ports import Exhausted, Suggestion


def with_fixed(params: Mapping[str, Any], ledger: Ledger) -> dict[str, Any]:
    """The params, with the values of parameters that were fixed."""
    return {**params, **{name: fix.value for name, fix in ledger.fixed.items() if name in params}}


@dataclass(frozen=True, slots=True)
class GridSearchOptimizer:
    """Suggests the points of a grid."""

    space: Space
    points: Sequence[Mapping[str, Any]] = ()
    """Tried before all others."""
    _tried: Tried = field(default_factory=Tried, repr=False, compare=False)

    def suggest(self, ledger: Ledger, index: int) -> Suggestion | Exhausted:  # noqa: ARG002 - the port's signature
        """The first point that no trial has; Exhausted if there is none."""
        known = self._tried.of(ledger)
        elsewhere = self._tried.elsewhere(ledger)
        number = 0
        for number, point in enumerate(self._points(), 1):
            params = with_fixed(point, ledger)
            text = canonical(params)
            # A point that the file names is wanted, also if another sweep knows it.
            if text not in known and (number <= len(self.points) or text not in elsewhere):
                return Suggestion(params, f"point {number} of the grid, the first without a trial")
        return Exhausted(f"all {number} points of the grid have a trial")

    def versions(self) -> Mapping[str, str]:
        """None: this is plain Python."""
        return {}

    def _points(self) -> Iterator[Mapping[str, Any]]:
        yield from self.points
        yield from self.space.grid()
