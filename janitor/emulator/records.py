"""What the emulator stores: projects, sweeps, agents, runs and their files."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from janitor.emulator.artifacts import Blob, Collection

ENDED_STATES = frozenset({"finished", "failed", "crashed", "killed", "preempted"})
MISSING = object()


def global_id(kind: str, *parts: str) -> str:
    """The storage id of a thing, in the real server's shape: base64 of ``Kind:v1:parts``."""
    return base64.b64encode(":".join([kind, "v1", *parts]).encode()).decode()


def run_path_of_id(storage_id: str) -> str | None:
    """The ``entity/project/run`` that a run's storage id names, or None for any other id."""
    try:
        kind, _, *parts = base64.b64decode(storage_id, validate=True).decode().split(":")
    except ValueError:
        return None
    if kind != "Run" or len(parts) != 3:
        return None
    run, project, entity = parts
    return f"{entity}/{project}/{run}"


def read_json(text: str | None) -> Any:
    """The value of a JSON text; MISSING if there is no text, or if it cannot be read."""
    if text is None:
        return MISSING
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        return MISSING


def step_of(row: dict[str, Any], number: int) -> int:
    """The step of a history row; without one, the row's number."""
    step = row.get("_step", number)
    return int(step) if isinstance(step, int | float) and math.isfinite(step) else number


@dataclass(slots=True)
class StoredFile:
    """A file that was uploaded to a run."""

    name: str
    content: bytes
    mimetype: str
    updated_at: datetime


@dataclass(slots=True, eq=False)
class Project:
    """A project of an entity (a user or a team)."""

    number: int
    entity: str
    name: str
    created_at: datetime
    runs: dict[str, Run] = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    revision: int = 0
    """Counts the changes of its runs, so that answers can be kept until something changes."""
    collections: dict[str, Collection] = field(default_factory=dict)
    """Artifacts by their name."""
    blobs: dict[str, Blob] = field(default_factory=dict)
    """The contents of artifacts' files by their digest."""
    deleted_runs: dict[str, datetime] = field(default_factory=dict)
    """When runs were deleted, by name: a name cannot be used again for some days."""

    @property
    def id(self) -> str:
        """The storage id."""
        return global_id("Project", self.name, self.entity)


@dataclass(slots=True, eq=False)
class Agent:
    """A process that asks a sweep for runs."""

    number: int
    name: str
    sweep: Sweep
    host: str
    created_at: datetime
    heartbeat_at: datetime
    run_names: list[str] = field(default_factory=list)
    done: bool = False

    @property
    def id(self) -> str:
        """The storage id, which is also what an agent's heartbeat names."""
        sweep = self.sweep
        return global_id("Agent", self.name, sweep.name, sweep.project.name, sweep.project.entity)


@dataclass(slots=True, eq=False)
class Sweep:
    """A sweep: its configuration as YAML text, its state, its runs by name, its agents."""

    name: str
    project: Project
    created_at: datetime
    updated_at: datetime
    config_text: str = "method: custom\n"
    display_name: str | None = None
    description: str | None = None
    state: str = "RUNNING"
    controller: str | None = None
    scheduler: str | None = None
    prior_runs_filters: str | None = None
    """A filter for runs that the search learns from in addition to its own."""
    suggested: int = 0
    """How many runs were suggested, enqueued or scheduled."""
    queue: list[str] = field(default_factory=list)
    """Names of enqueued or scheduled runs that no agent has got yet."""
    runs: dict[str, Run] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The storage id."""
        return global_id("Sweep", self.name, self.project.name, self.project.entity)


@dataclass(slots=True, eq=False)
class Run:
    """A run as the server keeps it.

    ``summary_text`` and ``config_text`` are the JSON texts as they came, so that every value
    survives, including NaN and Infinity. ``client_summary_text`` is the summary that the training
    process has in memory, as far as the server has seen it: a scripted live run writes from it.
    """

    number: int
    name: str
    project: Project
    created_at: datetime
    display_name: str | None = None
    state: str = "running"
    heartbeat_at: datetime | None = None
    watched: bool = False
    """Whether silence makes the run crashed: yes for runs of an SDK, no for seeded runs."""
    sweep: Sweep | None = None
    group: str | None = None
    job_type: str | None = None
    tags: list[str] = field(default_factory=list)
    description: str | None = None
    notes: str | None = None
    host: str | None = None
    program: str | None = None
    commit: str | None = None
    user: str = ""
    config_text: str = "{}"
    summary_text: str | None = "{}"
    client_summary_text: str | None = None
    created_at_text: str | None = None
    heartbeat_at_text: str | None = None
    """Answered instead of the time: for seeding malformed times."""
    exit_code: int | None = None
    stopped: bool = False
    is_resuming: bool = False
    """Whether an SDK asked for the run in order to resume it, and did not register it yet."""
    seeded_history_lines: int = 0
    inherited: list[str] = field(default_factory=list)
    """The history that a fork has from its origin."""
    history: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    log_lines: list[str] = field(default_factory=list)
    files: dict[str, StoredFile] = field(default_factory=dict)
    selections: dict[tuple[str, ...], str | None] = field(default_factory=dict, repr=False)
    """Answers to ``summaryMetrics(keys:)``, kept until the summary changes."""
    history_keys: dict[str, Any] | None = field(default=None, repr=False)
    """The answer to ``historyKeys``, kept until the history changes."""

    @property
    def id(self) -> str:
        """The storage id."""
        return global_id("Run", self.name, self.project.name, self.project.entity)

    @property
    def path(self) -> str:
        """``entity/project/run``."""
        return f"{self.project.entity}/{self.project.name}/{self.name}"

    @property
    def rows(self) -> list[str]:
        """The whole history: the inherited lines and the run's own."""
        return self.inherited + self.history

    @property
    def history_line_count(self) -> int:
        """How many steps were logged."""
        return self.seeded_history_lines + len(self.history)

    @property
    def duration(self) -> float:
        """Seconds from the run's creation to its last heartbeat; 0 without a heartbeat."""
        if self.heartbeat_at is None:
            return 0.0
        return max(0.0, (self.heartbeat_at - self.created_at).total_seconds())

    def set_summary(self, text: str | None) -> None:
        """Replace the whole summary."""
        self.summary_text = text
        self.selections.clear()

    def silent_at(self, crash_after: float) -> datetime | None:
        """The last moment at which a silent watched run is not yet crashed."""
        if not self.watched or self.state not in {"running", "preempting"}:
            return None
        return (self.heartbeat_at or self.created_at) + timedelta(seconds=crash_after)

    def state_at(self, now: datetime, crash_after: float) -> str:
        """The run's W&B state: a watched run that fell silent is crashed, or preempted."""
        end = self.silent_at(crash_after)
        if end is None or now <= end:
            return self.state
        return "preempted" if self.state == "preempting" else "crashed"
