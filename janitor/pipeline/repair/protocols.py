"""What a repair is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any, Protocol

from janitor.model import Outcome, RunInfo, WandbState
from janitor.model.ports import LastWordReader, SummaryReader, SummaryWriter
from janitor.model.summary import Path
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import Withdrawn
from janitor.records.report import ReportedOutage


class Proposal(Protocol):
    """A run that is to be written, and what to write once it is read again."""

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/RUN."""

    @property
    def wandb_state(self) -> WandbState:
        """W&B's word for the run when it was planned."""

    def edits(self, fresh: RunInfo, now: datetime) -> Edits | Withdrawn:
        """What to write into the run as it is now, or why it is left alone."""


class RepairStore(SummaryReader, LastWordReader, SummaryWriter, Protocol):
    """What a repair needs of a store."""


class Journal(Protocol):
    """Keeps the previous values of each write. Safe from many threads."""

    @property
    def path(self) -> FilePath | None:
        """Its file; None while nothing is written."""

    def intend(
        self,
        run: RunInfo,
        edits: Edits,
        before: Mapping[Path, Any],
        at: datetime,
        put_back: Mapping[Path, Any] = MappingProxyType({}),
    ) -> None:
        """Record a write that is about to begin; on return it is on disk.

        ``put_back`` is what the janitor's first write had covered and this one gives back to the
        run. It is not a change of the janitor, so no undo removes it.

        Raises:
            JournalError: it is not, and the write must not begin.

        """

    def came_back(self, path: str) -> None:
        """Record that a run which an earlier pass marked as ended is alive."""

    def looked_after(self, path: str) -> None:
        """Record that what an earlier pass left open of a run is settled."""

    def outage(self, outage: ReportedOutage) -> None:
        """Record the beginning or the end of an outage."""

    def settle(self, path: str, outcome: Outcome, error: str | None) -> None:
        """Record what became of a write that :meth:`intend` announced."""

    def close(self, interrupted: str | None = None) -> None:
        """Record that the pass has ended.

        Raises:
            JournalError: it cannot be recorded, or the journal is not as it was left.

        """


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one proposal."""

    proposal: Proposal
    outcome: Outcome
    error: str | None = None
    """Why it failed, or how the run moved on."""
    edits: Edits | None = None
    """What was written, or was to be; None where it did not come to a write."""
    before: Mapping[Path, Any] = field(default_factory=dict)
    state: str | None = None
    """The state of a superseded run, where it is known."""
    began: bool = False
    """Whether a write was begun, so that the journal waits to hear what became of it."""
    window: float | None = None
    """Seconds between the fresh read's start and the write's answer."""
