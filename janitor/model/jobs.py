"""Jobs: one attempt at a trial, a training or an evaluation, and what is seen of it.

A *trial* is one configuration of a sweep; it is stored as a run. A *job* is one attempt at it, and
is named ``RUN.aN`` or ``RUN_eval.aN``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobTypes(StrEnum):
    """What a job does."""

    LAUNCH_TRAINING = "launch_training"
    LAUNCH_EVAL = "launch_eval"


class JobStatus(StrEnum):
    """How far a trial is. See the table of states in the manual."""

    PENDING = "pending"
    """An attempt at its training is launched, or waits to be."""
    IN_TRAINING = "in_training"
    PAUSED = "paused"
    """It waits at a rung, without a process."""
    TRAINING_DONE_NO_EVAL = "training_done_no_eval"
    IN_EVAL = "in_eval"
    EVAL_DONE_NOT_COMPLETED = "eval_done_not_completed"
    """All its jobs ended well, and the controller did not record the observation yet."""
    COMPLETED = "completed"
    PRUNED = "pruned"
    """A scheduler stopped it. What it reported counts."""
    FAILED = "failed"
    STALE = "stale"
    """How its last attempt ended is not known, and no retry is left."""
    CANCELLED = "cancelled"
    """A person stopped it."""

    @property
    def is_open(self) -> bool:
        """Whether something is still expected to happen to the trial."""
        return self not in _CLOSED


_CLOSED = frozenset(
    {
        JobStatus.COMPLETED,
        JobStatus.PRUNED,
        JobStatus.FAILED,
        JobStatus.STALE,
        JobStatus.CANCELLED,
    }
)


class Cause(StrEnum):
    """Why an attempt is made. Retries are counted by it."""

    FIRST = "first"
    PROMOTED = "promoted"
    EXPLOITED = "exploited"
    PREEMPTED = "preempted"
    LOST = "lost"
    TIMEOUT = "timeout"
    FAILED = "failed"
    TAKEN_OVER = "taken_over"


class Ending(StrEnum):
    """How an attempt ended, in the words of exit markers."""

    OK = "ok"
    FAILED = "failed"
    """It exited with an error, or ran out of memory."""
    TIMEOUT = "timeout"
    """It exceeded its time limit."""
    PREEMPTED = "preempted"
    LOST = "lost"
    """It was killed by somebody, or disappeared: nobody knows why."""
    STOPPED = "stopped"
    """The controller stopped it on purpose."""
    FENCED = "fenced"
    """It was not allowed to start: another job has its place."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What one job needs."""

    nodes: int = 1
    gpus: int = 0
    cpus: int | None = None
    memory: int | None = None
    """Bytes."""
    time: float | None = None
    """Seconds."""


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """A job as a dispatcher gets it: complete, so that nothing else has to be asked."""

    sweep: str
    run: str
    attempt: int
    """From 1."""
    kind: JobTypes
    command: tuple[str, ...]
    """The program and its arguments, as they are executed."""
    directory: str
    """The folder in which the command runs, absolute."""
    folder: str
    """The attempt's own folder, absolute; it exists. Claim, exit marker, metrics and log are in
    it."""
    params: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    """What is set in addition to the caller's environment."""
    resources: Resources = field(default_factory=Resources)
    checkpoints: str = ""
    """The run's checkpoint folder, absolute; kept across attempts."""
    resume_from: str | None = None
    """The checkpoint folder to start from; None to start from the beginning."""
    policy_uri: str | None = None
    """What the training left to evaluate; for evaluations only."""
    budget: float | None = None
    """The total amount of the resource at which the job should end."""
    seed: int = 0
    repeat: int = 0
    metric: str = ""
    """The name of the objective's metric."""
    goal: str = "minimize"
    step: str = ""
    """The metric that counts the resource (``epoch``); empty: the step of each report."""
    collect: str = ""
    """``stdout`` if the output is read for ``name=value`` and JSON lines."""
    nonce: str = ""
    """Of the ledger entry that launched the job."""
    namespace: str = "protein"
    """Of the state in the run's summary."""
    grace: float = 30.0
    """Seconds between SIGTERM and SIGKILL."""

    @property
    def name(self) -> str:
        """The job's name, and its handle at every backend."""
        return job_name(self.run, self.attempt, self.kind)


def job_name(run: str, attempt: int, kind: JobTypes) -> str:
    """``RUN.aN``; of an evaluation ``RUN_eval.aN``."""
    return f"{run}{'_eval' if kind is JobTypes.LAUNCH_EVAL else ''}.a{attempt}"


def attempt_folder(attempt: int, kind: JobTypes) -> str:
    """The name of an attempt's folder within its run's: ``aN``, or ``eval.aN``."""
    return f"{'eval.' if kind is JobTypes.LAUNCH_EVAL else ''}a{attempt}"


# -- what a store shows of a trial's newest attempt


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt as its folder shows it now."""

    run: str
    attempt: int
    kind: JobTypes
    claim: Mapping[str, Any] | None = None
    """The content of its claim; None if no worker claimed it."""
    claimed_ago: float | None = None
    """Seconds since the claim, measured on the file system's clock."""
    heartbeat_ago: float | None = None
    """Seconds since the worker's last sign of life, on the same clock."""
    exit: Mapping[str, Any] | None = None
    """The content of its exit marker; None if there is none."""
    is_locked: bool | None = None
    """Whether a process holds the attempt's lock; None if this machine cannot tell whether the job
    lives."""
    damage: str = ""
    """Why a file of the folder cannot be read; then nothing may be concluded about the attempt."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report of a job."""

    step: float | None
    metrics: Mapping[str, Any]
    at: float | None = None
    """Seconds since the epoch on the job's machine."""


@dataclass(frozen=True, slots=True)
class JobHandle:
    """A job by its name, and where its attempt's folder is."""

    name: str
    run: str
    attempt: int
    kind: JobTypes
    folder: str


class JobPhase(StrEnum):
    """What a backend says about a job."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"
    """It is over; the exit marker tells how, or ``ending``."""
    GONE = "gone"
    """The backend does not know it (any more)."""
    UNKNOWN = "unknown"
    """The backend did not answer: no conclusion."""


@dataclass(frozen=True, slots=True)
class JobObservation:
    """A job's state at its backend, and how old this knowledge is."""

    name: str
    phase: JobPhase
    age: float = 0.0
    """Seconds since the backend knew it."""
    ending: Ending | None = None
    """How it ended, where the backend knows."""
    reason: str = ""
    host: str = ""
    gone_for: float | None = None
    """Seconds for which it has been gone, where that is proved: infinite if it cannot come back."""
