"""Builds ledgers for tests, one entry per item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from janitor.model.jobs import Cause, Ending, JobStatus, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import (
    Complete,
    Ended,
    Item,
    Launch,
    LedgerEntry,
    Reached,
    SpecAdded,
)
from janitor.sweep.seeds import run_id

AT = "2026-01-01T00:00:00+00:00"
TRAIN, EVAL = JobTypes.LAUNCH_TRAINING, JobTypes.LAUNCH_EVAL


@dataclass
class Building:
    """A ledger in the making, with one version of an empty sweep file."""

    ledger: Ledger = field(default_factory=lambda: Ledger("s"))
    entries: list[LedgerEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.add(SpecAdded(1, "digest", {}))

    def add(self, item: Item) -> Building:
        """Append an entry with this item."""
        self.entries.append(LedgerEntry(self.ledger.number + 1, "n", AT, "facts", (item,)))
        self.ledger.add(self.entries[-1])
        return self

    def launch(
        self,
        index: int,
        params: Mapping[str, Any] | None = None,
        *,
        attempt: int = 1,
        kind: JobTypes = TRAIN,
        cause: Cause = Cause.FIRST,
        rung: float | None = None,
    ) -> Building:
        """Launch a job of the trial with this index."""
        name, given = run_id("s", index), params or {}
        return self.add(
            Launch(
                name, index, attempt, kind, cause, "r", 1, 0, params=given, budget=rung, rung=rung
            )
        )

    def reach(self, index: int, rung: float, value: float, *, attempt: int = 1) -> Building:
        """Let a job of the trial report a value at a milestone."""
        return self.add(Reached(run_id("s", index), attempt, rung, rung, value))

    def end(
        self,
        index: int,
        ending: Ending = Ending.OK,
        objective: float | None = 1.0,
        *,
        attempt: int = 1,
        kind: JobTypes = TRAIN,
    ) -> Building:
        """Let a job of the trial end."""
        return self.add(Ended(run_id("s", index), attempt, kind, ending, "it ended", objective))

    def complete(self, index: int, objective: float = 1.0) -> Building:
        """Record that the trial is complete."""
        return self.add(Complete(run_id("s", index), JobStatus.COMPLETED, "r", objective))
