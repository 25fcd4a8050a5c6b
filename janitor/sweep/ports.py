"""The interfaces of a sweep controller's parts. Each docstring defines the contract."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from janitor.model import RunInfo
from janitor.model.jobs import (
    AttemptView,
    JobDefinition,
    JobHandle,
    JobObservation,
    JobTypes,
    Report,
)
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Decision, Fix, Launch, LedgerEntry
from janitor.model.trial import Trial


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A configuration to try."""

    params: Mapping[str, Any]
    reason: str
    memory: Any = None
    """JSON of at most 4 kB, which comes back in the trial's Observation."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """No configuration now, but maybe later; and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """No further configuration will come; and why."""

    reason: str


class Optimizer(Protocol):
    """Decides what to try.

    - Pure: the same ledger gives the same answer, on any machine, after any restart. Randomness
      comes from hashes of the seed, the sweep's name and the index.
    - ``index`` is the number that the new trial will have. Trials that are open count as taken.
    - It does no I/O.
    """

    def suggest(self, ledger: Ledger, index: int) -> Suggestion | NotNow | Exhausted:
        """The configuration of the trial with this index."""

    def versions(self) -> Mapping[str, str]:
        """The versions of the libraries on which suggestions depend; empty if there are none."""


@runtime_checkable
class Fixing(Protocol):
    """An optimizer that also fixes parameters. Pure, like its suggestions."""

    def fixes(self, ledger: Ledger) -> Sequence[Fix]:
        """The parameters that get one value from here on."""


Suggest = Callable[[Ledger, int], Suggestion | NotNow | Exhausted]


class Scheduler(Protocol):
    """Decides when jobs run.

    - Pure: the same ledger gives the same decisions. Looking twice adds nothing. It does no I/O.
    - It never decides about a trial that is over, and never launches a trial whose newest attempt
      is open.
    - ``free`` is the number of free slots, at least 0. At most so many launches are returned. With
      0 only stops are returned, and no suggestion is asked for.
    - It is asked again with what it decided in the ledger, until it launches nothing more.
    - Retries, completions, evaluations, caps, budgets and brakes are not its business: the
      controller decides them before, and the ledger that the scheduler gets contains them.
    """

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """Launches of new trials, promotions, and stops. A Wait says why there is no launch."""

    def slots(self, max_parallel_jobs: int) -> int:
        """How many jobs may be queued or running at once."""

    @property
    def resource(self) -> str | None:
        """The metric that counts the resource; empty: the step of each report.

        None: the number of finite values of the objective, as W&B counts iterations.
        """

    @property
    def keeps_best(self) -> bool:
        """Whether the best value so far is recorded in every step, not only at milestones."""

    def milestones(self, trial: Trial) -> Sequence[float]:
        """The amounts of the resource at which the trial's reports are recorded, ascending."""

    def is_trained(self, trial: Trial) -> bool:
        """Whether the trial's newest training was its last, if it ended well."""


class Dispatcher(Protocol):
    """Runs jobs. It knows no store.

    - A backend that does not answer raises :class:`~janitor.errors.DispatchError`, or is UNKNOWN in
      an observation. That a job is absent says nothing until it has been gone for ``lost_dwell``.
    """

    name: str
    lost_dwell: float
    """Seconds for which a job must be gone before it counts as lost."""

    def dispatch(self, job: JobDefinition) -> bool:
        """Start a job; False if it is there, or was. Idempotent by its name.

        Raises:
            JobRefusedError: the backend refuses it for good.
            DispatchError: it is not known whether the job was started.

        """

    def observe(self, jobs: Sequence[JobHandle]) -> Mapping[str, JobObservation]:
        """The state of each of these jobs, by name."""

    def find(self, runs: Iterable[str]) -> Sequence[str]:
        """The names of the jobs of these runs that the backend knows."""

    def cancel(self, job: JobHandle) -> None:
        """Ask a job to end, and kill it after its grace period. Idempotent; does not wait."""

    def logs(self, job: JobHandle) -> Sequence[Path]:
        """The files of the job's output, the oldest first; empty if there are none yet."""

    def wait(self, jobs: Sequence[JobHandle], seconds: float) -> None:
        """Wait for this time, or until one of the jobs ends, where the backend can tell."""


class SweepStore(Protocol):
    """One sweep in a store: its ledger, its runs, and its jobs' folders.

    - Every failure raises :class:`~janitor.errors.StoreError`.
    - Nothing is created by reading.
    """

    name: str
    """Of the sweep."""
    location: str
    """Where it is, for people."""
    owns_summaries: bool
    """Whether only a pass and the controller write summaries. Elsewhere the run's own process does,
    so the controller writes a summary only when that process has ended."""

    @property
    def target(self) -> str:
        """The path by which a pass reads the sweep's runs."""

    @property
    def root(self) -> Path:
        """The folder on this machine for what jobs of all sweeps share, such as locks."""

    @property
    def trial_environment(self) -> Mapping[str, str]:
        """What a training gets in its environment, so that it finds its run."""

    def site(self) -> str:
        """What tells the folders of jobs here from those elsewhere; empty if there is no other.

        Raises:
            StateFileError: jobs cannot be started on this machine.

        """

    def is_here(self, site: str) -> bool:
        """Whether the folders of jobs that were launched at a site are reached from here."""

    def entries(self, after: int = 0) -> Sequence[LedgerEntry]:
        """The ledger's entries after this number, in order, without a gap.

        Raises:
            StateFileError: an entry is damaged or missing, or is of a newer version.

        """

    def last_number(self) -> int:
        """The number of the last entry; 0 if there is none. Cheap."""

    def confirm(self) -> bool:
        """Make the entries that were read final; False if others replaced or followed them.

        What an entry decides may be done once it is final. Entries that :meth:`append` appended
        are.
        """

    def append(self, entry: LedgerEntry) -> bool:
        """Append an entry; False if another writer has used its number.

        It is complete and durable as soon as it can be read. An entry with this number and this
        nonce is our own: True.
        """

    def init_run(self, launch: Launch) -> None:
        """Create the run of a trial. A run that exists is left unchanged.

        Raises:
            NotFoundError: it existed, and was deleted by a person.

        """

    def prepare(self, run: str, attempt: int, kind: JobTypes) -> Path:
        """The folder of an attempt, created if it is missing."""

    def handle(self, run: str, attempt: int, kind: JobTypes) -> JobHandle:
        """The handle of a job."""

    def attempts(self, jobs: Sequence[JobHandle]) -> Mapping[str, AttemptView]:
        """What the folders of these jobs show now, by the jobs' names."""

    def reports(self, job: JobHandle) -> Sequence[Report]:
        """What a job reported, in order. A torn last line is left out."""

    def runs(
        self, names: Collection[str] | None = None, *, only_open: bool = False
    ) -> Mapping[str, RunInfo]:
        """The sweep's runs by id, with their whole summaries; a deleted run is not there.

        With ``names`` only these; with ``only_open`` only those whose summary is open, or has a
        mark of the janitor.
        """

    def deleted(self) -> Collection[str]:
        """The runs that were created and do not exist any more."""

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace a run's summary.

        Raises:
            ConflictError: it was changed since ``run`` was read.

        """

    def checkpoints(self, run: str) -> Path:
        """The run's checkpoint folder, which may not exist yet."""

    def request_stop(self, job: JobHandle, reason: str) -> None:
        """Record in the job's folder that its end is intended. Idempotent."""


class SweepCatalog(Protocol):
    """The sweeps of a store."""

    location: str

    def names(self) -> Sequence[str]:
        """The sweeps, in the order of their names."""

    def open(self, name: str) -> SweepStore:
        """A sweep that exists.

        Raises:
            NotFoundError: it does not.

        """

    def create(self, name: str) -> SweepStore:
        """A sweep, created if it does not exist."""
