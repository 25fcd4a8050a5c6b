"""A run or a sweep at a moment, for tests and demos to read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from janitor.emulator.records import MISSING, read_json

if TYPE_CHECKING:
    from janitor.emulator.records import Run, Sweep


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run at the server, at a moment."""

    path: str
    id: str
    """The storage id."""
    name: str
    display_name: str | None
    state: str
    sweep: str | None
    group: str | None
    tags: list[str]
    created_at: datetime
    heartbeat_at: datetime | None
    exit_code: int | None
    stopped: bool
    history_line_count: int
    summary_text: str | None
    """The summary's JSON text as it is stored."""
    config_text: str
    files: dict[str, str]
    """Uploaded files as text; bytes that are not UTF-8 are replaced."""
    log: list[str]
    """The lines of its console."""

    @classmethod
    def of(cls, run: Run, state: str) -> Self:
        """The view of a run."""
        return cls(
            path=run.path,
            id=run.id,
            name=run.name,
            display_name=run.display_name,
            state=state,
            sweep=run.sweep.name if run.sweep else None,
            group=run.group,
            tags=list(run.tags),
            created_at=run.created_at,
            heartbeat_at=run.heartbeat_at,
            exit_code=run.exit_code,
            stopped=run.stopped,
            history_line_count=run.history_line_count,
            summary_text=run.summary_text,
            config_text=run.config_text,
            files={name: file.content.decode(errors="replace") for name, file in run.files.items()},
            log=list(run.log_lines),
        )

    @property
    def summary(self) -> Any:
        """The summary's value; None if it cannot be read."""
        value = read_json(self.summary_text)
        return None if value is MISSING else value

    @property
    def config(self) -> dict[str, Any]:
        """The configuration, unwrapped, without W&B's own part."""
        config = json.loads(self.config_text)
        return {key: entry.get("value") for key, entry in config.items() if key != "_wandb"}

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        times = {"created_at": _text(self.created_at), "heartbeat_at": _text(self.heartbeat_at)}
        return asdict(self) | times

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From plain data."""
        times = {name: _moment(data[name]) for name in ("created_at", "heartbeat_at")}
        return cls(**(data | times))


@dataclass(frozen=True, slots=True)
class SweepView:
    """A sweep at the server, at a moment."""

    path: str
    id: str
    """The storage id."""
    name: str
    state: str
    config_text: str
    """YAML"""
    runs: list[str]
    """Names of its runs."""
    agents: list[dict[str, Any]]
    """Its agents: name, host, heartbeat_at, runs, done."""

    @classmethod
    def of(cls, sweep: Sweep) -> Self:
        """The view of a sweep."""
        project = sweep.project
        agents = [
            {
                "name": agent.name,
                "host": agent.host,
                "heartbeat_at": _text(agent.heartbeat_at),
                "runs": list(agent.run_names),
                "done": agent.done,
            }
            for agent in sweep.agents.values()
        ]
        return cls(
            path=f"{project.entity}/{project.name}/{sweep.name}",
            id=sweep.id,
            name=sweep.name,
            state=sweep.state,
            config_text=sweep.config_text,
            runs=list(sweep.runs),
            agents=agents,
        )

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)
