"""What the scheduler of a cluster says about a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from janitor.model.jobs import Ending


class ClusterPhase(StrEnum):
    """How far a job is, by its scheduler."""

    PENDING = "pending"
    """It waits: in the queue, held, or to be started again."""
    RUNNING = "running"
    """It runs, or its end is not complete."""
    ENDED = "ended"
    """It is over, and the scheduler does not start it again."""
    UNKNOWN = "unknown"
    """The scheduler uses a word that this version does not know."""


@dataclass(frozen=True, slots=True)
class ClusterJob:
    """One job as its scheduler shows it now. Times are seconds since the epoch, by its clock."""

    system: str
    """``slurm``, ``kubernetes``, ``ray``."""
    id: str
    """``123``, ``123_4`` for a task of an array; a name where the system has no numbers."""
    name: str
    user: str
    word: str
    """The scheduler's own word for the state, such as ``NODE_FAIL``."""
    phase: ClusterPhase
    ending: Ending | None = None
    """How it ended, if it is over."""
    detail: str = ""
    """Why it waits, or with which exit code or signal it ended."""
    nodes: str = ""
    """The nodes, as the scheduler names them; empty while it waits."""
    submitted_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    restarts: int = 0
    """How often the scheduler has started it again."""
    array: tuple[str, int] | None = None
    """Of a task of an array: the array's id, and the task's index."""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"job {self.id} is {self.word}{detail}"


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """Where a training runs, as it recorded itself: ``NAMESPACE.job`` in its run's summary."""

    system: str
    id: str
    node: str = ""
    pid: int | None = None
    started_at: float | None = None
    """Seconds since the epoch: the start of the training's process, by its machine's clock."""
    name: str = ""
    user: str = ""
    cluster: str = ""
    restarts: int = 0

    @classmethod
    def of(cls, value: object) -> RecordedJob | None:
        """The record, if the value is one."""
        if not isinstance(value, Mapping):
            return None
        system, number = value.get("system"), value.get("id")
        if not (isinstance(system, str) and system and isinstance(number, str | int)):
            return None
        started, pid, restarts = value.get("start"), value.get("pid"), value.get("restarts")
        return cls(
            system,
            str(number),
            _text(value.get("node")),
            pid if isinstance(pid, int) else None,
            float(started) if isinstance(started, int | float) else None,
            _text(value.get("name")),
            _text(value.get("user")),
            _text(value.get("cluster")),
            restarts if isinstance(restarts, int) else 0,
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
