"""A run as a store shows it, and its signs of life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from janitor.model.paths import run_path
from janitor.model.states import WandbState
from janitor.model.targets import LocalTarget


class Liveness(StrEnum):
    """What the evidence says about a run's process. Unknown never writes."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


class RunKind(StrEnum):
    """What a run is, by the store that holds it."""

    SWEEP_RUN = "run"
    EXPERIMENT = "experiment"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class TrialPhase:
    """Where a trial of a sweep controller is, by its ledger and its newest job."""

    status: str
    """A :class:`~janitor.model.jobs.JobStatus`."""
    is_open: bool
    is_stopping: bool
    job: Liveness
    """Of the newest attempt's process, by its lock."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run as a store shows it. Times are as the store gave them; evidence.py reads them."""

    entity: str
    """Empty for a run of this machine; so is the project."""
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
    """How many steps of history the store has; the number grows while a run lives."""
    defect: str | None = None
    """Why the summary could not be read as an object; then ``summary`` is empty."""
    sweep_metric: str | None = None
    """The metric that the run's sweep names, where the policy asks for it; see :data:`AUTO`."""
    sweep_goal: str | None = None
    """``maximize`` or ``minimize`` by the config of the run's sweep, where it was asked for."""
    kind: RunKind = RunKind.SWEEP_RUN
    process: Liveness | None = None
    """Whether the process in charge lives, where the store can look: an experiment's own, or the
    manager of a task."""

    local: LocalTarget | None = None
    """The store of this machine that holds the run; None for a run of W&B."""
    trial: TrialPhase | None = None
    """For a trial of a sweep controller."""

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/RUN; of a run of this machine its store, a slash and its id."""
        if self.local is not None:
            return f"{self.local}/{self.id}"
        return run_path(self.entity, self.project, self.id)


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of a scan."""

    runs: tuple[RunInfo, ...]
    run_count: int | None
    """How many runs the store says the target has, at the moment of this page."""
    after: str | None
    """The cursor of the next page; None on the last."""
    left_out: int = 0
    """How many other runs were not asked for, because they have been silent for too long."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign of life: its source, the raw value, and the time that this means."""

    source: str
    raw: Any
    at: datetime | None
    """Aware, UTC; None if ``raw`` cannot be read as a time."""
    is_future: bool = False
    """More than the tolerance ahead of now: a clock is wrong, so it does not count."""
    is_ahead: bool = False
    """By a clock that runs ahead of the server's: the run had ended before this time, so it does
    not count."""
