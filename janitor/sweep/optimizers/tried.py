"""The configurations of a ledger as texts that can be compared. Each is made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Known
from janitor.model.trial import Trial
from janitor.sweep.config.space import canonical


@dataclass(slots=True)
class Tried:
    """The params of every trial, also of those that were excluded or deleted.

    An instance may be used for many ledgers of one sweep. The params of a run never change, and
    runs are only ever added.
    """

    _params: list[Mapping[str, Any]] = field(default_factory=list)
    """Of each trial of the last ledger, in the order of creation."""
    _texts: list[str] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)
    """How many trials have a text."""
    _other: tuple[Sequence[Known], set[str]] | None = None

    def of(self, ledger: Ledger) -> AbstractSet[str]:
        """The canonical texts of a ledger's params; until this is called again."""
        trials = list(ledger.trials.values())
        self._forget(trials)
        for trial in trials[len(self._texts) :]:
            text = canonical(trial.params)
            self._params.append(trial.params)
            self._texts.append(text)
            self._counts[text] = self._counts.get(text, 0) + 1
        return self._counts.keys()

    def _forget(self, trials: Sequence[Trial]) -> None:
        """Go back to the last trial that the ledgers have in common."""
        while self._texts:
            place = len(self._texts) - 1
            if place < len(trials) and trials[place].params is self._params[place]:
                return
            self._params.pop()
            text = self._texts.pop()
            self._counts[text] -= 1
            if not self._counts[text]:
                del self._counts[text]

    def elsewhere(self, ledger: Ledger) -> set[str]:
        """The params that another sweep has completed; see ``warm_start``."""
        known = ledger.known
        if self._other is None or self._other[0] is not known:
            texts = {canonical(each.params) for each in known if each.status == "complete"}
            self._other = known, texts
        return self._other[1]
