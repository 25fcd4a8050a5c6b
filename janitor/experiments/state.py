"""The state of an experiment and of each of its processes, as their file holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from janitor.experiments.identifiers import sanitize_experiment_id
from janitor.experiments.status import ExperimentStatus, ProcessStatus
from janitor.model import Liveness
from janitor.runtime.processes import ProcessIdentity

Time = Annotated[AwareDatetime, AfterValidator(lambda time: time.astimezone(UTC))]
"""Aware, in UTC."""


class _Document(BaseModel):
    """Keys of a newer janitor are kept. Assigned values are checked."""

    model_config = ConfigDict(extra="allow", validate_assignment=True, ser_json_inf_nan="constants")


class ProcessProgress(_Document):
    """The progress of one process of an experiment."""

    status: ProcessStatus = ProcessStatus.PENDING
    runs_completed: int = Field(default=0, ge=0)
    """Progress marks: completed runs of this process."""
    total_runs: int | None = Field(default=None, ge=0)
    """How many runs it will make, if that is known."""
    identity: ProcessIdentity | None = None
    """The process that supervises it, or did so last."""
    command: ProcessIdentity | None = None
    """The process of the command itself."""
    attempts: int = Field(default=0, ge=0)
    """How often it was started."""
    exit_code: int | None = None
    """The exit code of the last attempt; -N for signal N."""
    error: str | None = None
    started_at: Time | None = None
    finished_at: Time | None = None

    @property
    def pid(self) -> int | None:
        """The process id, on its own machine."""
        return None if self.identity is None else self.identity.pid

    def identities(self) -> Sequence[ProcessIdentity]:
        """The processes that may be running."""
        if self.status is not ProcessStatus.RUNNING:
            return ()
        return [found for found in (self.identity, self.command) if found is not None]


class ExperimentState(_Document):
    """The state of an experiment; see :class:`janitor.experiments.StateManager`."""

    experiment_id: Annotated[str, AfterValidator(sanitize_experiment_id)]
    status: ExperimentStatus = ExperimentStatus.INITIALISED
    config_hash: str | None = None
    """Equal for experiments with the same configuration; see ``config_hash()``."""
    config: dict[str, Any] | None = None
    num_processes: int = Field(default=1, ge=1)
    total_runs: int | None = Field(default=None, ge=0)
    """Runs of all processes together."""
    process_progress: dict[int, ProcessProgress] = Field(default_factory=dict)
    """By the index of the process, from 0. Missing processes are pending."""
    owner: ProcessIdentity | None = None
    """The process that runs the experiment, or did so last."""
    created_at: Time | None = None
    updated_at: Time | None = None
    """When its own processes last wrote it: a sign of life. The janitor's writes do not count."""
    completed_at: Time | None = None
    error: str | None = None
    result: Any = None
    """The result of the aggregation."""
    summary: dict[str, Any] = Field(default_factory=dict)
    """Further keys of the run that the janitor's rules see, including the janitor's marks."""
    revision: int = Field(default=0, ge=0)
    """Grows with each write; 0 for a state that was never written."""
    written_by: ProcessIdentity | None = None
    """The process that wrote this revision."""

    @model_validator(mode="after")
    def _every_process_is_there(self) -> Self:
        strangers = [index for index in self.process_progress if index not in self._indices]
        if strangers:
            raise ValueError(
                f"process_progress names process {strangers[0]}, and num_processes is"
                f" {self.num_processes}: they go from 0 to {self.num_processes - 1}"
            )
        for index in self._indices:
            if index not in self.process_progress:
                self.process_progress[index] = ProcessProgress()
        return self

    @property
    def _indices(self) -> range:
        return range(self.num_processes)

    @property
    def processes_completed(self) -> int:
        """How many processes have completed."""
        return self._count(ProcessStatus.COMPLETED)

    @property
    def processes_failed(self) -> int:
        """How many processes have failed."""
        return self._count(ProcessStatus.FAILED)

    @property
    def runs_completed(self) -> int:
        """The progress marks of all processes together."""
        return sum(progress.runs_completed for progress in self.process_progress.values())

    def can_aggregate(self) -> bool:
        """Whether all processes completed successfully."""
        return self.processes_completed == self.num_processes

    def liveness(self) -> Liveness:
        """Whether any process of the experiment is alive, including its owner.

        Unknown if none was recorded, or if one belongs to another machine. A process that was
        marked as running without an identity counts as a part of the owner.
        """
        found = {identity.liveness() for identity in self._at_work()}
        if Liveness.ALIVE in found:
            return Liveness.ALIVE
        return Liveness.DEAD if found == {Liveness.DEAD} else Liveness.UNKNOWN

    def owner_liveness(self) -> Liveness:
        """Whether the process that runs the experiment, or aggregates its results, is alive.

        Dead if there is none; unknown if the experiment says RUNNING and names no process.
        """
        if self.status not in {ExperimentStatus.RUNNING, ExperimentStatus.COMPLETED}:
            return Liveness.DEAD
        if self.owner is not None:
            return self.owner.liveness()
        runs = self.status is ExperimentStatus.RUNNING
        return Liveness.UNKNOWN if runs and not any(self._at_work()) else Liveness.DEAD

    def is_subprocess_running(self) -> bool:
        """False if it is known that no process of the experiment is alive; else True.

        A state of another machine, or one without recorded processes, may be running: treating it
        as dead would start its work twice.
        """
        if self.status is not ExperimentStatus.RUNNING and not any(self._at_work()):
            return False
        return self.liveness() is not Liveness.DEAD

    def marked(self, index: int) -> ProcessProgress:
        """The progress of one process.

        Raises:
            ValueError: the process does not exist.

        """
        if index not in self.process_progress:
            raise ValueError(
                f"experiment {self.experiment_id} has no process {index}: they go from 0 to"
                f" {self.num_processes - 1}"
            )
        return self.process_progress[index]

    def interrupt(
        self, at: datetime, error: str | None = None, *, all_are_gone: bool = False
    ) -> None:
        """Mark the experiment as interrupted: running processes will run again, completed ones not.

        A process that may be alive stays RUNNING, so that a resumption waits for it, unless it is
        known that all processes are gone.
        """
        self.status = ExperimentStatus.INTERRUPTED
        self.error = error or self.error
        for progress in self.process_progress.values():
            known = {identity.liveness() for identity in progress.identities()} - {Liveness.DEAD}
            if progress.status is ProcessStatus.RUNNING and (all_are_gone or not known):
                progress.status = ProcessStatus.PENDING
                progress.finished_at = at

    def _at_work(self) -> Iterator[ProcessIdentity]:
        """The processes that may be running."""
        if self.owner is not None and self.status is ExperimentStatus.RUNNING:
            yield self.owner
        for progress in self.process_progress.values():
            yield from progress.identities()

    def _count(self, status: ProcessStatus) -> int:
        return sum(progress.status is status for progress in self.process_progress.values())
