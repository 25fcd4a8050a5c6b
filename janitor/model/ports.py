"""The interfaces of stores and clocks. Each docstring defines the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from janitor.errors import StoreError
from janitor.model import AnyTarget, ResolvedTarget, RunInfo, RunPage
from janitor.model.parts import Part


class Clock(Protocol):
    """The time against which every age is measured.

    - Aware, in UTC.
    - It never runs backwards within a pass, even if the machine's clock is set meanwhile.
    """

    def now(self) -> datetime:
        """The present time."""


class SweepReader(Protocol):
    """Lists the runs of a target.

    - A target that does not exist raises :class:`~janitor.errors.NotFoundError`. Any other failure
      raises another :class:`~janitor.errors.StoreError`. Neither is an empty answer.
    - ``fetch_runs`` returns pages, oldest run first. A run may be returned twice or may be missing,
      because stores page by offset while others write. The caller counts the runs and compares the
      count with the last page's ``run_count``.
    - A run's summary may be reduced to the keys that the policy reads.
    """

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The sweeps and groups of the target: one sweep, one group, or all sweeps of a project."""

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the runs of one sweep or group: the first, or the one ``after`` a cursor."""


class PartReader(Protocol):
    """Lists and counts parts of a target's runs, where the store can filter them.

    - Failures are as those of :class:`SweepReader`. A store that cannot filter raises
      :class:`~janitor.errors.RejectedError`.
    - How the store compares is not proven: the caller compares the counts of all parts.
    """

    def fetch_part(self, target: AnyTarget, part: Part, after: str | None = None) -> RunPage:
        """A page of the runs of a part; ``run_count`` is the number of runs of the part."""

    def count_parts(self, target: AnyTarget, parts: Sequence[Part]) -> Sequence[int]:
        """How many runs each part has, all at one moment."""


class SummaryReader(Protocol):
    """Reads complete runs without a cache.

    - Each summary has all its keys, as they are at the server now.
    - There is one answer for each requested path: the run, or its error. An error of one run does
      not affect the others.
    """

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The complete runs at these paths (ENTITY/PROJECT/RUN)."""


class LastWordReader(Protocol):
    """Reads what a run's own process uploaded in addition to the summary."""

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """That summary, and the time at which it was uploaded; None if there is none."""

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history; None if there is none, or it is not known."""


class SummaryWriter(Protocol):
    """Writes a run's summary.

    - The whole summary is replaced; the caller has just read it. W&B has no precondition. A store
      that can detect a write since the read refuses, as below.
    - A store with its own state names rejects a summary that has none of them.
    - After a :class:`~janitor.errors.TransientError` the write may or may not have been applied.
      After every other error it was not.
    """

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary."""


class RunCreator(Protocol):
    """Creates runs. Apart from :class:`Store`: a pass creates none, and only some stores can.

    - If the path exists, :class:`~janitor.errors.ConflictError` is raised and nothing is changed.
    """

    def init_run(self, run: RunInfo) -> None:
        """Create the run, with its summary."""


class Store(SweepReader, SummaryReader, LastWordReader, SummaryWriter, Protocol):
    """All interfaces that a pass needs."""
