"""What the core needs from a store and from a clock. The contract of each is its docstring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from janitor.errors import StoreError
from janitor.model import AnyTarget, ResolvedTarget, RunInfo, RunPage


class Clock(Protocol):
    """The time against which every age is measured.

    - Aware, in UTC.
    - Never runs backwards within a pass: the machine's own clock may be set meanwhile.
    """

    def now(self) -> datetime:
        """The present moment."""


class SweepReader(Protocol):
    """Lists what a target holds.

    - A target that does not exist raises :class:`~janitor.errors.NotFoundError`; it is never
      an empty answer. Nor is a failure: it raises another :class:`~janitor.errors.StoreError`.
    - ``fetch_runs`` hands out pages, oldest run first. A run may be handed out twice and a run
      may be missing: stores page by offset while others write. The caller counts, and compares
      the count with the last page's ``run_count``.
    - A run's summary may be cut down to the keys that the policy reads.
    """

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """What the target means: one sweep, one group, or every sweep of a project."""

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the runs of one sweep or group: the first, or the one ``after`` a cursor."""


class SummaryReader(Protocol):
    """Reads runs whole and fresh.

    - Every key of the summary, as it is at the server now: no cache in between.
    - One answer for each path asked for: the run, or the error that says why not. One run's
      failure is not the others'.
    """

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths (ENTITY/PROJECT/RUN), whole."""


class LastWordReader(Protocol):
    """Reads what a run's own process left behind besides the summary."""

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """That summary, and the time at which it was uploaded; None if there is none."""

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history; None if there is none, or it is not known."""


class SummaryWriter(Protocol):
    """Writes a run's summary.

    - The whole summary is replaced: the caller has just read it. W&B has no precondition; a
      store that can detect a write since the read refuses, as below.
    - A store with state names of its own rejects a summary that has none of them.
    - :class:`~janitor.errors.TransientError` means that the write may or may not have been
      applied; every other error that it was not.
    """

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary."""


class RunCreator(Protocol):
    """Makes runs.

    - A run whose path is taken raises :class:`~janitor.errors.ConflictError`; nothing is changed.
    """

    def init_run(self, run: RunInfo) -> None:
        """Make the run, with its summary."""


class RunReader(SweepReader, SummaryReader, LastWordReader, Protocol):
    """All that reads."""


class Store(RunReader, SummaryWriter, Protocol):
    """All that a pass needs."""
