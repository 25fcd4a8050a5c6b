"""One configuration of a sweep, as its ledger has it: its jobs, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from janitor.model.jobs import Cause, Ending, JobStatus, JobTypes
from janitor.model.ledger_items import Complete, Ended, Launch, Overruled, Reached, Stop


@dataclass(slots=True)
class Attempt:
    """One job of a trial: how it was launched, and how it ended."""

    launch: Launch
    entry: int
    """The number of the entry that launched it."""
    nonce: str
    at: str
    """The time of that entry."""
    ended: Ended | None = None
    refusals: int = 0
    """How often a backend refused it for good, in a row."""
    refused_because: str = ""
    site: str = ""
    """Where its folder is; see :class:`~janitor.model.ledger_items.LedgerEntry`."""

    @property
    def is_open(self) -> bool:
        """Whether it did not end, as far as the ledger knows."""
        return self.ended is None


@dataclass(slots=True)
class Trial:
    """One configuration of the sweep."""

    run: str
    index: int
    repeat: int
    params: Mapping[str, Any]
    spec: int
    memory: Any = None
    trainings: list[Attempt] = field(default_factory=list)
    evaluations: list[Attempt] = field(default_factory=list)
    reached: list[Reached] = field(default_factory=list)
    """In the order in which they became known; of attempts that are not fenced."""
    stop: Stop | None = None
    end: Complete | None = None
    overruled: Overruled | None = None
    is_excluded: bool = False
    is_deleted: bool = False

    @property
    def newest(self) -> Attempt:
        """The attempt that is, or was, its last job."""
        return (self.evaluations or self.trainings)[-1]

    @property
    def jobs(self) -> list[Attempt]:
        """All its attempts; trainings first."""
        return [*self.trainings, *self.evaluations]

    @property
    def objective(self) -> float | None:
        """The objective of the completed trial; None before."""
        end = self.end or self.overruled
        return None if end is None else end.objective

    @property
    def reported(self) -> float | None:
        """The last value of the metric: that of the evaluation, or that of the training."""
        for attempt in reversed(self.jobs):
            if attempt.ended is not None and attempt.ended.objective is not None:
                return attempt.ended.objective
        return None

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each further metric, over all its jobs."""
        found: dict[str, float] = {}
        for attempt in self.jobs:
            if attempt.ended is not None:
                found |= attempt.ended.metrics
        return found

    @property
    def is_stopping(self) -> bool:
        """Whether it was stopped, and its job is not known to have ended."""
        return self.stop is not None and self.newest.is_open

    @property
    def has_slot(self) -> bool:
        """Whether a job of it occupies a slot: queued or running, also while it is stopping."""
        return self.newest.is_open and not self.is_deleted

    @property
    def is_over(self) -> bool:
        """Whether nothing more is decided about it."""
        return not (self.end is None and self.stop is None and self.overruled is None) or (
            self.is_deleted
        )

    @property
    def is_parked(self) -> bool:
        """Whether it waits at the milestone of its last training, and nothing is to be done now.

        One that came past its milestone may be trained: that is for the scheduler to say.
        """
        if self.is_over or self.evaluations:
            return False
        newest = self.trainings[-1]
        rung, ended = newest.launch.rung, newest.ended
        if rung is None or ended is None or ended.ending is not Ending.OK:
            return False
        return all(one.rung <= rung for one in self.reached)

    def copy(self) -> Trial:
        """A copy that can be changed on its own."""
        return replace(
            self,
            trainings=[replace(job) for job in self.trainings],
            evaluations=[replace(job) for job in self.evaluations],
            reached=list(self.reached),
        )

    def failures(self, cause: Cause, kind: JobTypes) -> int:
        """How many attempts were made for this cause; retries are counted by it."""
        jobs = self.trainings if kind is JobTypes.LAUNCH_TRAINING else self.evaluations
        return sum(job.launch.cause is cause for job in jobs)


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known about one trial; what an optimizer learns from."""

    run: str
    index: int
    repeat: int
    params: Mapping[str, Any]
    status: Literal["open", "complete", "pruned", "failed"]
    value: float | None = None
    """The objective of a complete trial; of a pruned one its last value at a milestone."""
    cost: float | None = None
    values: tuple[tuple[float, float], ...] = ()
    """(milestone, value), in the order in which they became known."""
    memory: Any = None
    spec: int = 1
    objectives: Mapping[str, float] = field(default_factory=dict)
    """Of a complete trial, if there are several objectives."""
    constraints: tuple[float, ...] = ()
    """By how much a complete trial violates each constraint."""


def observation_of(trial: Trial) -> Observation:
    """What is known about one trial."""
    values = tuple((one.rung, one.value) for one in trial.reached)
    costs = [job.ended.cost for job in trial.jobs if job.ended and job.ended.cost is not None]
    status: Literal["open", "complete", "pruned", "failed"] = "open"
    value = None
    if trial.end is not None and trial.end.status is JobStatus.COMPLETED:
        status, value = "complete", trial.end.objective
    elif trial.overruled is not None and trial.overruled.objective is not None:
        status, value = "complete", trial.overruled.objective
    elif trial.end is not None or trial.overruled is not None:
        status = "failed"
    elif trial.stop is not None:
        pruned = trial.stop.status is JobStatus.PRUNED
        status, value = ("pruned" if pruned else "failed"), values[-1][1] if values else None
    return Observation(
        trial.run,
        trial.index,
        trial.repeat,
        trial.params,
        status,
        value,
        sum(costs) if costs else None,
        values,
        trial.memory,
        trial.spec,
        {} if trial.end is None else trial.end.values,
        () if trial.end is None else trial.end.constraints,
    )


def status_in_ledger(trial: Trial, *, evaluates: bool, is_claimed: bool = False) -> JobStatus:
    """How far a trial is by its ledger.

    Args:
        trial: The trial.
        evaluates: Whether trainings of the sweep are followed by an evaluation.
        is_claimed: Whether a worker claimed the newest attempt; only the attempt's folder tells.

    """
    if trial.end is not None:
        return trial.end.status
    if trial.overruled is not None:
        return trial.overruled.status
    if trial.newest.is_open:
        if trial.newest.launch.kind is JobTypes.LAUNCH_EVAL:
            return JobStatus.IN_EVAL
        return JobStatus.IN_TRAINING if is_claimed else JobStatus.PENDING
    return trial.stop.status if trial.stop is not None else _between_jobs(trial, evaluates)


def _between_jobs(trial: Trial, evaluates: bool) -> JobStatus:  # noqa: FBT001 - private, one caller
    """How far a trial is whose last job ended and that is not over."""
    newest = trial.newest
    is_eval = newest.launch.kind is JobTypes.LAUNCH_EVAL
    if newest.ended is None or newest.ended.ending is not Ending.OK:
        return JobStatus.TRAINING_DONE_NO_EVAL if is_eval else JobStatus.PENDING
    if is_eval:
        return JobStatus.EVAL_DONE_NOT_COMPLETED
    if newest.launch.rung is not None:
        return JobStatus.PAUSED
    return JobStatus.TRAINING_DONE_NO_EVAL if evaluates else JobStatus.EVAL_DONE_NOT_COMPLETED
