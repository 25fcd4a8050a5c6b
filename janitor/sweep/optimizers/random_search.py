"""RandomOptimizer: independent draws from the distributions of the sweep file.

Draw k for a trial is a function of (seed, sweep, index, k) only. The suggestion is the first draw
that no trial has, so a finite space is searched without repeats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from janitor.model.ledger import Ledger
from janitor.sweep.config.space import Space, canonical
from janitor.sweep.optimizers.grid import with_fixed
from janitor.sweep.optimizers.tried import Tried
from janitor.sweep.ports import Exhausted, Suggestion
from janitor.sweep.seeds import Numbers

_MOST_DRAWS: Final = 1000
"""After so many draws that are taken, the remaining points of a finite space are listed."""


@dataclass(frozen=True, slots=True)
class RandomOptimizer:
    """Suggests random points."""

    space: Space
    points: Sequence[Mapping[str, Any]] = ()
    """Tried before all others."""
    seed: int = 0
    _tried: Tried = field(default_factory=Tried, repr=False, compare=False)

    def suggest(self, ledger: Ledger, index: int) -> Suggestion | Exhausted:
        """The first draw for this index that no trial has."""
        known = self._tried.of(ledger)
        for number, point in enumerate(self.points, 1):
            if canonical(with_fixed(point, ledger)) not in known:
                return Suggestion(with_fixed(point, ledger), f"point {number} of the file")
        elsewhere = self._tried.elsewhere(ledger)
        known = known | elsewhere if elsewhere else known
        size = self.space.size
        if size is not None and len(known) >= size:
            left = self._left(ledger, known)
            if not left:
                return Exhausted(f"all {size} configurations have a trial")
        for draw in range(_MOST_DRAWS):
            drawn = self.space.sample(Numbers(self.seed, ledger.name, index, draw))
            params = with_fixed(drawn, ledger)
            if canonical(params) not in known:
                return Suggestion(params, f"draw {draw} for trial {index}")
        return self._one_of_few(ledger, index, known)

    def versions(self) -> Mapping[str, str]:
        """None: this is plain Python."""
        return {}

    def _one_of_few(
        self, ledger: Ledger, index: int, known: AbstractSet[str]
    ) -> Suggestion | Exhausted:
        """One of the points that are left, where nearly all are taken."""
        left = self._left(ledger, known) if self.space.size is not None else []
        if not left:
            return Exhausted(f"{_MOST_DRAWS} draws gave no configuration without a trial")
        number = int(Numbers(self.seed, ledger.name, index, "left").next() * len(left))
        return Suggestion(left[number], f"one of the {len(left)} configurations left")

    def _left(self, ledger: Ledger, known: AbstractSet[str]) -> list[dict[str, Any]]:
        points = (with_fixed(point, ledger) for point in self.space.grid())
        return [point for point in points if canonical(point) not in known]
