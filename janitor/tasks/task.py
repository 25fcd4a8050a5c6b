"""A task, as the manager knows it and as its state file holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

OURS: Final = "_janitor"
"""The key under which stands what the design document's form does not have."""


_KEYS: Final = frozenset(
    {
        *("task_id", "phase", "config", "status"),
        *("assigned_to", "assigned_at", "retry_count", "last_error"),
        OURS,
    }
)


class TaskStatus(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    """Waits for a worker."""
    ASSIGNED = "assigned"
    """A worker is at work on it."""
    COMPLETED = "completed"
    """Done, with its results on disk."""
    FAILED = "failed"
    """Given up after its last retry."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task. Times are aware, in UTC."""

    task_id: str
    phase: str
    config: Mapping[str, Any]
    status: TaskStatus = TaskStatus.PENDING
    assigned_to: str | None = None
    """The worker that has it, or the one that completed it."""
    assigned_at: datetime | None = None
    retry_count: int = 0
    last_error: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the run, as the janitor's rules see it; its marks among them."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the state file that are neither the document's nor ours; they are kept."""

    def document(self) -> dict[str, Any]:
        """The task as the state file holds it: the document's keys, and ours only where needed."""
        document: dict[str, Any] = {
            "task_id": self.task_id,
            "phase": self.phase,
            "config": self.config,
            "status": self.status.value,
            "assigned_to": self.assigned_to,
            "assigned_at": _text(self.assigned_at),
            "retry_count": self.retry_count,
            "last_error": self.last_error,
            **self.extra,
        }
        ours = {
            "started_at": _text(self.started_at),
            "finished_at": _text(self.finished_at),
            "summary": self.summary,
        }
        if any(ours.values()):
            document[OURS] = {key: value for key, value in ours.items() if value}
        return document


def read_task(task_id: str, document: Any, *, local: bool) -> Task:
    """A task from the state file.

    Args:
        task_id: The name under which it stands.
        document: What stands there.
        local: Whether times without a zone are this machine's local time; else UTC.

    Raises:
        ValueError: it is no task.

    """
    if not isinstance(document, dict):
        raise ValueError(f"task {task_id} is no object")  # noqa: TRY004 - a malformed file, not a caller's wrong type
    ours = document.get(OURS) or {}
    config, retries = document.get("config"), document.get("retry_count", 0)
    if not isinstance(config, dict | None) or not isinstance(ours, dict):
        raise ValueError(f"task {task_id}: config is no object")  # noqa: TRY004 - as above
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise ValueError(f"task {task_id}: retry_count is {retries!r:.40}")
    try:
        return Task(
            task_id=task_id,
            phase=str(document.get("phase") or ""),
            config=config or {},
            status=TaskStatus(document.get("status", TaskStatus.PENDING)),
            assigned_to=_optional_text(document.get("assigned_to")),
            assigned_at=_time(document.get("assigned_at"), local=local),
            retry_count=retries,
            last_error=_optional_text(document.get("last_error")),
            started_at=_time(ours.get("started_at"), local=local),
            finished_at=_time(ours.get("finished_at"), local=local),
            summary=ours.get("summary") or {},
            extra=_others(document),
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"task {task_id}: {error}") from error


def _others(document: Mapping[str, Any]) -> Mapping[str, Any]:
    if document.keys() <= _KEYS:
        return {}
    return {key: value for key, value in document.items() if key not in _KEYS}


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time(raw: Any, *, local: bool) -> datetime | None:
    if raw is None:
        return None
    time = datetime.fromisoformat(raw)
    if time.tzinfo is None and not local:
        return time.replace(tzinfo=UTC)
    return time.astimezone(UTC)


def _optional_text(raw: Any) -> str | None:
    return None if raw is None else str(raw)
