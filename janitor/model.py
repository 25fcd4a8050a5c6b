"""The vocabulary of the house, as frozen types. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

IGNORE_TAG = "janitor:ignore"
"""A run that carries this tag in W&B is held, always."""

AUTO = "auto"
"""As a policy's objective: the metric that the sweep's own config names, once W&B says finished."""


class SweepRunState(StrEnum):
    """Where a run of a sweep stands, as its own summary says it under ``protein.state``."""

    INITIALIZING = "initializing"
    """Setting up, loading previous runs."""
    RUNNING = "running"
    """Training in progress."""
    EVALUATING = "evaluating"
    """Evaluation in progress."""
    SUCCESS = "success"
    """Completed, with an observation recorded."""
    FAILURE = "failure"
    """Failed with an error."""
    TIMEOUT = "timeout"
    """No heartbeat."""
    CRASHED = "crashed"
    """Unexpected termination."""
    CANCELLED = "cancelled"
    """Ended by a person."""

    @property
    def is_open(self) -> bool:
        """Whether the run is still expected to do something."""
        return self in _OPEN


_OPEN = frozenset({SweepRunState.INITIALIZING, SweepRunState.RUNNING, SweepRunState.EVALUATING})


class WandbState(str):
    """W&B's own word for a run: any text, since servers may learn new ones."""

    __slots__ = ()

    @property
    def has_ended(self) -> bool:
        """Whether W&B says that the run's process is gone. Any word not known may be alive."""
        return self in _ENDED


_ENDED = frozenset({"finished", "failed", "crashed", "killed", "preempted"})


class TargetKind(StrEnum):
    """What a target names."""

    SWEEP = "sweep"
    PROJECT = "project"
    GROUP = "group"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Target:
    """What to scan: a sweep, every sweep of a project, a group of runs, or a store of files."""

    kind: TargetKind
    entity: str | None
    """None where wandb's default entity is meant; of a store its scheme: ``experiments:``."""
    project: str
    """Of a store its path, absolute, without the first slash."""
    name: str = ""
    """The sweep's id or the group's name; empty for a project and for a store."""

    def __str__(self) -> str:
        return "/".join(part for part in (self.entity, self.project, self.name) if part)


@dataclass(frozen=True, slots=True)
class SweepMetadata:
    """One sweep or group as its store knows it: what a target was resolved to."""

    target: Target
    name: str
    """The name that people gave it."""
    state: str | None = None
    """W&B's word for the sweep (RUNNING, FINISHED, …), None for a group."""

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/SWEEP, or ENTITY/PROJECT/GROUP."""
        return str(self.target)


class RunKind(StrEnum):
    """What a run is, by the store that holds it."""

    SWEEP_RUN = "run"
    EXPERIMENT = "experiment"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run as a store shows it. Times are as the store gave them; evidence.py reads them."""

    entity: str
    project: str
    id: str
    """The id that people see, the last part of the run's path."""
    storage_id: str
    """The id to write with."""
    name: str
    """The display name."""
    wandb_state: WandbState
    summary: Mapping[str, Any]
    sweep: str | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    created_at: Any = None
    heartbeat_at: Any = None
    history_lines: int | None = None
    """How many steps of history the store holds; it grows while a run lives."""
    defect: str | None = None
    """Why the summary could not be read as an object; then ``summary`` is empty."""
    sweep_metric: str | None = None
    """The metric that the run's sweep names, where the policy asks for it; see :data:`AUTO`."""
    kind: RunKind = RunKind.SWEEP_RUN
    process: Liveness | None = None
    """Whether the process in charge lives, where the store can look: an experiment's own, or the
    manager of a task."""

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/RUN."""
        return f"{self.entity}/{self.project}/{self.id}"


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of a scan."""

    runs: tuple[RunInfo, ...]
    run_count: int | None
    """How many runs the store says the target has, at the moment of this page."""
    after: str | None
    """The cursor of the next page; None on the last."""
    left_out: int = 0
    """How many runs besides these were not asked for: they have been silent for too long."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign of life: its source, what stood there, and the time that this means."""

    source: str
    raw: Any
    at: datetime | None
    """Aware, UTC; None where ``raw`` cannot be read as a time."""
    is_future: bool = False
    """More than the tolerance ahead of now: somebody's clock is wrong, so it does not count."""


class Liveness(StrEnum):
    """What the evidence says of a run's process. Unknown never writes."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Change:
    """A rule's proposal: this run's state is to become ``to``."""

    rule: str
    to: SweepRunState
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The run is left as it is, and why."""

    rule: str
    """The rule that held it; "none" where no rule spoke."""
    reason: str


@dataclass(frozen=True, slots=True)
class Clean:
    """The run's state is terminal: nothing to do."""


@dataclass(frozen=True, slots=True)
class Untracked:
    """The run has no state under our namespace: it is not ours."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A rule has nothing to say of this run, and why; the next rule is asked."""

    reason: str


Verdict = Change | Hold | Clean | Untracked


class Outcome(StrEnum):
    """What became of a change."""

    WRITTEN = "written"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Ignore:
    """Which runs are held whatever the rules say. Patterns are those of file names: ``exp-*``."""

    tags: tuple[str, ...] = ()
    """Patterns of tags."""
    names: tuple[str, ...] = ()
    """Patterns of display names and of ids."""
    older_than: timedelta | None = None
    """Runs that have been silent for longer."""


@dataclass(frozen=True, slots=True)
class Override:
    """What holds instead of the policy for the runs of one target; None for no difference."""

    target: Target
    heartbeat_timeout: timedelta | None = None
    evaluation_timeout: timedelta | None = None
    settle: timedelta | None = None
    crash_grace: timedelta | None = None
    objective: str | None = None
    disabled_rules: frozenset[str] = frozenset()
    """Besides those that the policy disables."""


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A team's own rule: an expression (CEL) over an open run, and what the run is to become."""

    id: str
    when: str
    becomes: SweepRunState
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules are given, and a plan carries: thresholds, words, and where they stand."""

    namespace: str = "protein"
    objective: str | None = None
    """The summary key of the objective; None for ``NAMESPACE.objective``; see :data:`AUTO`."""
    vocabulary: Mapping[SweepRunState, str] = field(default_factory=dict)
    """Our state → the word that another reader of the sweep knows; our own word where absent."""
    heartbeat_timeout: timedelta = timedelta(minutes=30)
    evaluation_timeout: timedelta | None = None
    """For evaluating runs; None for the same as ``heartbeat_timeout``."""
    settle: timedelta = timedelta(minutes=5)
    """How long a run that recorded its objective is given to set its own state."""
    crash_grace: timedelta = timedelta(minutes=15)
    """How long a run that W&B calls crashed is given to come back."""
    future_tolerance: timedelta = timedelta(minutes=5)
    """Evidence further ahead than this is left out."""
    disabled_rules: frozenset[str] = frozenset()
    own_rules: tuple[OwnRule, ...] = ()
    """Asked after all others, in this order."""
    ignore: Ignore = Ignore()
    overrides: tuple[Override, ...] = ()

    @property
    def objective_key(self) -> str:
        """The objective's key in the summary."""
        return self.objective or f"{self.namespace}.objective"

    def within(self, namespace: str) -> Policy:
        """The policy under another namespace."""
        return replace(self, namespace=namespace)

    def word(self, state: SweepRunState) -> str:
        """The word to write for a state."""
        return self.vocabulary.get(state, state.value)

    def timeout(self, state: SweepRunState) -> timedelta:
        """How long a run in this state may be silent."""
        if state is SweepRunState.EVALUATING and self.evaluation_timeout is not None:
            return self.evaluation_timeout
        return self.heartbeat_timeout
