"""Filling the emulator with runs from data, or from a YAML or JSON file.

A seed is a list of runs, or an object with defaults, sweeps and runs::

    defaults: {entity: acme, project: rl, sweep: s1, created_at: -3h}
    sweeps:
      - {name: s1, state: RUNNING, config: {method: grid}, created_at: -1d}
    runs:
      - name: r1
        display_name: swift-hill-1
        state: running              # W&B's state; it stays, unless watched
        heartbeat_at: -2h           # ISO 8601, or relative to now; null for none
        config: {lr: 0.1}
        summary: {"protein.state": running, loss: .inf}
        tags: [a]
        group: g1
        history_line_count: 12
        files: {notes.txt: hello}
        watched: false              # true: silence makes it crashed
        count: 1                    # 3 makes three runs: r1-0, r1-1, r1-2
      - name: odd
        summary_text: "[1, 2]"      # a summary that is not an object, as raw text

``project: acme/rl`` names entity and project at once. A run replaces an existing run of its name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, ValidationError

from janitor.emulator.changes import config_text, read_moment
from janitor.emulator.records import StoredFile
from janitor.emulator.store import new_name
from janitor.emulator.validation import describe
from janitor.errors import EmulatorError

if TYPE_CHECKING:
    from janitor.emulator.emulation import Emulation
    from janitor.emulator.records import Project


def _as_text(value: Any) -> Any:
    """YAML reads an unquoted time as a time; the seed takes strings."""
    return value.isoformat() if isinstance(value, datetime) else value


TimeText = Annotated[str, BeforeValidator(_as_text)]


class SeedRun(BaseModel):
    """A run to make."""

    model_config = ConfigDict(extra="forbid")

    entity: str | None = None
    project: str
    sweep: str | None = None
    name: str = Field(default_factory=new_name)
    display_name: str | None = None
    state: str = "finished"
    created_at: TimeText = "-0s"
    heartbeat_at: TimeText | None = "-0s"
    summary: dict[str, Any] | None = None
    summary_text: str | None = None
    client_summary: dict[str, Any] | None = None
    """The summary in its process's memory, if that differs from the summary on the server."""
    config: dict[str, Any] = Field(default_factory=dict)
    tags: list[str] = Field(default_factory=list)
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    description: str | None = None
    user: str | None = None
    host: str | None = None
    history_line_count: int = 0
    history: list[dict[str, Any]] = Field(default_factory=list)
    system_metrics: dict[str, Any] = Field(default_factory=dict)
    """The latest readings of its machine."""
    files: dict[str, str] = Field(default_factory=dict)
    watched: bool = False
    exit_code: int | None = None
    count: PositiveInt = 1


class SeedSweep(BaseModel):
    """A sweep to make, or to describe."""

    model_config = ConfigDict(extra="forbid")

    entity: str | None = None
    project: str
    name: str
    display_name: str | None = None
    state: str = "RUNNING"
    created_at: TimeText = "-0s"
    config: dict[str, Any] = Field(default_factory=lambda: {"method": "custom"})


class Seed(BaseModel):
    """Sweeps and runs to make."""

    model_config = ConfigDict(extra="forbid")

    defaults: dict[str, Any] = Field(default_factory=dict)
    sweeps: list[dict[str, Any]] = Field(default_factory=list)
    runs: list[dict[str, Any]] = Field(default_factory=list)


def load_seed(path: Path) -> Any:
    """The data of a seed file: JSON if its name ends in .json, else YAML. Raises EmulatorError."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except RecursionError as error:
        raise EmulatorError(f"the seed file {path} is nested too deeply") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise EmulatorError(f"the seed file {path} cannot be read: {error}") from error


def sow(emulation: Emulation, data: Any) -> int:
    """Make the runs and sweeps of a seed; the number of runs. Raises EmulatorError."""
    try:
        seed = Seed.model_validate({"runs": data} if isinstance(data, list) else data)
        defaults = seed.defaults
        sweep_defaults = {k: v for k, v in defaults.items() if k in {"entity", "project"}}
        sweeps = [SeedSweep.model_validate(sweep_defaults | sweep) for sweep in seed.sweeps]
        runs = [SeedRun.model_validate(defaults | run) for run in seed.runs]
    except ValidationError as error:
        raise EmulatorError(f"the seed is malformed: {describe(error)}") from error
    now = emulation.clock.now()
    for sweep in sweeps:
        _make_sweep(emulation, sweep, now)
    return sum(_make_runs(emulation, run, now) for run in runs)


def _project(emulation: Emulation, seed: SeedRun | SeedSweep, now: datetime) -> Project:
    entity, slash, name = seed.project.partition("/")
    if not slash:
        entity, name = seed.entity or "", seed.project
    if not entity:
        raise EmulatorError(f"the seed has no entity for the project {name}; write ENTITY/{name}")
    return emulation.store.ensure_project(entity, name, now)


def _make_sweep(emulation: Emulation, seed: SeedSweep, now: datetime) -> None:
    sweep = emulation.store.ensure_sweep(_project(emulation, seed, now), seed.name, now)
    sweep.created_at = read_moment(seed.created_at, now)[0] or now
    sweep.display_name = seed.display_name
    sweep.state = seed.state
    sweep.config_text = yaml.safe_dump(seed.config)
    emulation.store.changed(sweep)


def _make_runs(emulation: Emulation, seed: SeedRun, now: datetime) -> int:
    project = _project(emulation, seed, now)
    texts = _texts(seed)
    if seed.count == 1:
        _make_run(emulation, project, seed, seed.name, texts)
    else:
        for number in range(seed.count):
            _make_run(emulation, project, seed, f"{seed.name}-{number}", texts)
    return seed.count


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts that the runs of one seed share."""

    summary: str
    client_summary: str
    config: str


def _texts(seed: SeedRun) -> _Texts:
    text = json.dumps(seed.summary or {}) if seed.summary_text is None else seed.summary_text
    own = text if seed.client_summary is None else json.dumps(seed.client_summary)
    return _Texts(text, own, config_text(seed.config))


def _make_run(
    emulation: Emulation, project: Project, seed: SeedRun, name: str, texts: _Texts
) -> None:
    now = emulation.clock.now()
    created_at, created_at_text = read_moment(seed.created_at, now)
    run = emulation.store.add_run(project, name, created_at or now)
    run.created_at_text = created_at_text
    if seed.heartbeat_at is not None:
        run.heartbeat_at, run.heartbeat_at_text = read_moment(seed.heartbeat_at, now)
    run.display_name = seed.display_name or name
    run.user = seed.user or project.entity
    run.config_text = texts.config
    run.tags = list(seed.tags)
    run.set_summary(texts.summary)
    run.client_summary_text = texts.client_summary
    run.history = [json.dumps({"_step": step} | row) for step, row in enumerate(seed.history)]
    run.events = [json.dumps(seed.system_metrics)] if seed.system_metrics else []
    run.seeded_history_lines = max(0, seed.history_line_count - len(run.history))
    for file_name, content in seed.files.items():
        run.files[file_name] = StoredFile(file_name, content.encode(), "text/plain", now)
    for field in ("state", "group", "job_type", "notes", "description", "host", "watched"):
        setattr(run, field, getattr(seed, field))
    run.exit_code = seed.exit_code
    if seed.sweep:
        emulation.store.put_in_sweep(run, emulation.store.ensure_sweep(project, seed.sweep, now))
