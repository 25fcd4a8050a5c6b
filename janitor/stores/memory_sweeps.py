"""Sweeps in memory, for tests and simulations: the contract of sweep stores without any I/O.

The state belongs to the :class:`MemoryCatalog`. Every store that it opens for a sweep sees the same
state, as several controllers of one sweep would. Entries are kept as the text that a file would
hold, so what comes back is JSON's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from janitor.errors import ConflictError, NotFoundError, RejectedError, StateFileError
from janitor.model import LocalTarget, RunInfo, SweepRunState, WandbState
from janitor.model import summary as summaries
from janitor.model.jobs import (
    AttemptView,
    JobHandle,
    JobTypes,
    Report,
    attempt_folder,
    job_name,
)
from janitor.model.ledger_items import Launch, LedgerEntry
from janitor.records.sweep import StoredSummary, dump_entry, dump_summary, parse_entry
from janitor.stores.memory_state import MemoryJob, MemoryRun, MemoryState
from janitor.stores.one_site import OneSite

SCHEME: Final = "memory"


class MemorySweep(OneSite):
    """One sweep in memory.

    Args:
        name: Of the sweep.
        state: What all stores of this sweep share.
        clock: The time, aware, UTC.
        namespace: Of the state in new summaries.

    """

    def __init__(
        self,
        name: str,
        state: MemoryState,
        clock: Callable[[], datetime],
        namespace: str = "protein",
    ) -> None:
        self.name = name
        self.location = f"{SCHEME}:"
        self.target = f"{SCHEME}:{name}"
        self.root = Path("/nowhere")
        self._state, self._clock, self._namespace = state, clock, namespace

    # -- the ledger

    def entries(self, after: int = 0) -> Sequence[LedgerEntry]:
        """The ledger's entries after this number."""
        with self._state.lock:
            return self._state.entries[after:]

    def last_number(self) -> int:
        """The number of the last entry; 0 if there is none."""
        return len(self._state.entries)

    def append(self, entry: LedgerEntry) -> bool:
        """Append an entry; False if another writer has used its number.

        Raises:
            StateFileError: it cannot be written as JSON, or leaves a gap.

        """
        with self._state.lock:
            known = self._state.entries
            if entry.number <= len(known):
                return known[entry.number - 1].nonce == entry.nonce
            if entry.number != len(known) + 1:
                raise StateFileError(
                    f"{self.target} has no entry {entry.number - 1}, so it cannot get"
                    f" {entry.number}"
                )
            try:
                known.append(parse_entry(dump_entry(entry).encode()))
            except ValueError as error:
                raise StateFileError(
                    f"cannot write entry {entry.number} of {self.target}: {error}"
                ) from error
            return True

    # -- jobs

    def prepare(self, run: str, attempt: int, kind: JobTypes) -> Path:
        """The name of an attempt's folder; nothing is created."""
        return Path(self.handle(run, attempt, kind).folder)

    def handle(self, run: str, attempt: int, kind: JobTypes) -> JobHandle:
        """The handle of a job."""
        folder = f"/{SCHEME}:/{self.name}/runs/{run}/{attempt_folder(attempt, kind)}"
        return JobHandle(job_name(run, attempt, kind), run, attempt, kind, folder)

    def attempts(self, jobs: Sequence[JobHandle]) -> Mapping[str, AttemptView]:
        """What the workers of these jobs wrote."""
        with self._state.lock:
            return {job.name: self._view(job) for job in jobs}

    def reports(self, job: JobHandle) -> Sequence[Report]:
        """What a job reported, in order."""
        with self._state.lock:
            found = self._state.jobs.get(job.name)
            return [] if found is None else list(found.reports)

    def request_stop(self, job: JobHandle, reason: str) -> None:
        """Record that the job's end is intended."""
        with self._state.lock:
            found = self._job(job)
            found.stop = found.stop or reason

    def checkpoints(self, run: str) -> Path:
        """The name of the run's checkpoint folder, which does not exist."""
        return Path(f"/{SCHEME}:/{self.name}/checkpoints/{run}")

    # -- what workers do

    def claim(self, job: JobHandle, claim: Mapping[str, Any]) -> bool:
        """Claim a job; False if another worker has it."""
        with self._state.lock:
            found = self._job(job)
            if found.claim is not None:
                return False
            found.claim, found.claimed_at = dict(claim), self._clock()
            return True

    def report(self, job: JobHandle, report: Report) -> None:
        """Add a report of a job."""
        with self._state.lock:
            self._job(job).reports.append(report)

    def end(self, job: JobHandle, marker: Mapping[str, Any]) -> bool:
        """Write a job's exit marker; False if it has one."""
        with self._state.lock:
            found = self._job(job)
            if found.exit is not None:
                return False
            found.exit = dict(marker)
            return True

    def stop_reason(self, job: JobHandle) -> str | None:
        """Why the job is to end; None if it is not."""
        with self._state.lock:
            found = self._state.jobs.get(job.name)
            return None if found is None else found.stop

    # -- runs

    def init_run(self, launch: Launch) -> None:
        """Create the run of a trial. A run that exists is left unchanged.

        Raises:
            NotFoundError: it existed, and was deleted by a person.

        """
        with self._state.lock:
            if launch.run in self._state.runs:
                return
            if launch.run in self._state.created:
                raise NotFoundError(f"run {self.target}/{launch.run} was deleted")
            now = self._clock().isoformat()
            state = SweepRunState.INITIALIZING.value
            summary = {f"{self._namespace}.state": state, f"{self._namespace}.last_update": now}
            self._state.runs[launch.run] = MemoryRun(now, StoredSummary(1, summary))
            self._state.created.add(launch.run)

    def delete(self, run: str) -> None:
        """Delete a run, as a person does."""
        with self._state.lock:
            self._state.runs.pop(run, None)

    def deleted(self) -> Collection[str]:
        """The runs that were created and do not exist any more."""
        with self._state.lock:
            return self._state.created - self._state.runs.keys()

    def runs(
        self, names: Collection[str] | None = None, *, only_open: bool = False
    ) -> Mapping[str, RunInfo]:
        """The sweep's runs by id; with ``only_open`` those that are open or marked by a pass."""
        with self._state.lock:
            known = self._state.runs
            wanted = sorted(known if names is None else set(names) & known.keys())
            found = {name: self._info(name, known[name]) for name in wanted}
        return {name: run for name, run in found.items() if not only_open or self._may_change(run)}

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace a run's summary.

        Raises:
            NotFoundError: the run does not exist.
            ConflictError: it was changed since ``run`` was read.
            RejectedError: it cannot be written as JSON.

        """
        with self._state.lock:
            known = self._state.runs.get(run.id)
            if known is None:
                raise NotFoundError(f"run {self.target}/{run.id} does not exist")
            if _token(run.id, known) != run.storage_id:
                raise ConflictError(
                    f"the summary of {self.target}/{run.id} was changed since it was read; it was"
                    " not overwritten"
                )
            newer = StoredSummary(known.stored.revision + 1, dict(summary))
            try:
                dump_summary(newer)
            except ValueError as error:
                raise RejectedError(
                    f"the summary of {self.target}/{run.id} cannot be written: {error}"
                ) from error
            known.stored = newer

    def _info(self, name: str, run: MemoryRun) -> RunInfo:
        return RunInfo(
            entity="",
            project="",
            id=name,
            storage_id=_token(name, run),
            name=name,
            wandb_state=WandbState(""),
            summary=run.stored.summary,
            sweep=self.name,
            created_at=run.created_at,
            local=LocalTarget(SCHEME, self.name),
        )

    def _may_change(self, run: RunInfo) -> bool:
        word = summaries.read(run.summary, self._namespace, "state")
        if word not in list(SweepRunState) or SweepRunState(word).is_open:
            return True
        mark = summaries.read(run.summary, self._namespace, "janitor.state")
        return mark is not summaries.ABSENT

    def _job(self, job: JobHandle) -> MemoryJob:
        return self._state.jobs.setdefault(job.name, MemoryJob())

    def _view(self, job: JobHandle) -> AttemptView:
        found = self._state.jobs.get(job.name)
        if found is None:
            return AttemptView(job.run, job.attempt, job.kind)
        ago = None
        if found.claimed_at is not None:
            ago = max(0.0, (self._clock() - found.claimed_at).total_seconds())
        return AttemptView(job.run, job.attempt, job.kind, found.claim, ago, None, found.exit)


class MemoryCatalog:
    """Sweeps in memory.

    Args:
        clock: The time, aware, UTC.

    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.location = f"{SCHEME}:"
        self._clock = clock
        self._sweeps: dict[str, MemoryState] = {}

    def names(self) -> Sequence[str]:
        """The sweeps, in the order of their names."""
        return sorted(self._sweeps)

    def open(self, name: str) -> MemorySweep:
        """A sweep that exists.

        Raises:
            NotFoundError: it does not.

        """
        if name not in self._sweeps:
            raise NotFoundError(f"there is no sweep {name} in {self.location}")
        return MemorySweep(name, self._sweeps[name], self._clock)

    def create(self, name: str) -> MemorySweep:
        """A sweep, created if it does not exist."""
        return MemorySweep(name, self._sweeps.setdefault(name, MemoryState()), self._clock)


def _token(name: str, run: MemoryRun) -> str:
    """What a write must show, so that it overwrites only what it has read."""
    return f"{name}@{run.stored.revision}"
