"""The configurations of a ledger as texts that can be compared. Each is made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Known
from janitor.sweep.config.space import canonical


@dataclass(slots=True)
class Tried:
    """The params of every trial, also of those that were excluded or deleted.

    An instance may be used for many ledgers of one sweep. The params of a run never change.
    """

    _texts: dict[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    _other: tuple[Sequence[Known], set[str]] | None = None

    def of(self, ledger: Ledger) -> set[str]:
        """The canonical texts of a ledger's params."""
        texts = self._texts
        found = set()
        for run, trial in ledger.trials.items():
            known = texts.get(run)
            if known is None or known[0] is not trial.params:
                known = texts[run] = trial.params, canonical(trial.params)
            found.add(known[1])
        return found

    def elsewhere(self, ledger: Ledger) -> set[str]:
        """The params that another sweep has completed; see ``warm_start``."""
        known = ledger.known
        if self._other is None or self._other[0] is not known:
            texts = {canonical(each.params) for each in known if each.status == "complete"}
            self._other = known, texts
        return self._other[1]
