"""A task as the manager knows it and as its state file holds it, and what can happen to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from janitor.tasks.results import COMPLETED, FAILED, Row

OURS: Final = "_janitor"
"""The key that holds what the format of the design document does not have."""


_KEYS: Final = frozenset(
    {
        *("task_id", "phase", "config", "status"),
        *("assigned_to", "assigned_at", "retry_count", "last_error"),
        OURS,
    }
)


class TaskStatus(StrEnum):
    """The status of a task."""

    PENDING = "pending"
    """It waits for a worker."""
    ASSIGNED = "assigned"
    """A worker has it."""
    COMPLETED = "completed"
    """It is done, and its results are on disk."""
    FAILED = "failed"
    """It failed, and its last retry too."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task. Times are aware, in UTC."""

    task_id: str
    phase: str
    config: Mapping[str, Any]
    status: TaskStatus = TaskStatus.PENDING
    assigned_to: str | None = None
    """The worker that has it, or that completed it."""
    assigned_at: datetime | None = None
    retry_count: int = 0
    last_error: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the run that the janitor's rules see, including the janitor's marks."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the state file that are neither the document's nor ours. They are kept."""

    def document(self) -> dict[str, Any]:
        """The task as the state file holds it: the document's keys, and ours only if needed."""
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

    def when_assigned(self, worker: str, now: datetime) -> Task:
        """The task after a worker got it."""
        return replace(
            self,
            status=TaskStatus.ASSIGNED,
            assigned_to=worker,
            assigned_at=now,
            started_at=now,
            finished_at=None,
        )

    def when_completed(self, row: Row, now: datetime) -> Task:
        """The task after it was done, by any worker and from any status."""
        return replace(
            self,
            status=TaskStatus.COMPLETED,
            assigned_to=row.worker or self.assigned_to,
            started_at=row.started_at or self.started_at,
            finished_at=row.finished_at or now,
        )

    def when_failed(self, error: str, max_retries: int, now: datetime) -> Task:
        """The task after an error: it waits again, or has failed after its last retry."""
        retries = self.retry_count + 1
        is_final = retries > max_retries
        return replace(
            self,
            status=TaskStatus.FAILED if is_final else TaskStatus.PENDING,
            assigned_to=self.assigned_to if is_final else None,
            assigned_at=None,
            retry_count=retries,
            last_error=error,
            finished_at=now,
        )

    def when_reopened(self) -> Task:
        """The task after it was taken from its worker: it waits."""
        return replace(
            self, status=TaskStatus.PENDING, assigned_to=None, assigned_at=None, started_at=None
        )

    def after_row(self, row: Row, max_retries: int, now: datetime) -> Task | None:
        """The task after a worker reported on it; None if the report changes nothing."""
        if self.status is not TaskStatus.COMPLETED and row.status == COMPLETED:
            return self.when_completed(row, now)
        if row.status != FAILED or not self._is_of_this_assignment(row):
            return None
        return self.when_failed(row.error or "the worker gave no error", max_retries, now)

    def _is_of_this_assignment(self, row: Row) -> bool:
        """Whether a row is about the present assignment, not about an earlier one."""
        if self.status is not TaskStatus.ASSIGNED or row.worker != self.assigned_to:
            return False
        earlier = row.finished_at and self.assigned_at and row.finished_at < self.assigned_at
        return row.attempt == self.retry_count and not earlier


def read_task(task_id: str, document: Any, *, local: bool) -> Task:
    """A task from the state file.

    Args:
        task_id: Its key in the file.
        document: The value of that key.
        local: Whether times without a zone are local times of this machine; if not, UTC.

    Raises:
        ValueError: the document is not a task.

    """
    if not isinstance(document, dict):
        raise ValueError(f"task {task_id} is not an object")  # noqa: TRY004 - a malformed file, not a caller's wrong type
    ours = document.get(OURS) or {}
    config, retries = document.get("config"), document.get("retry_count", 0)
    if not isinstance(config, dict | None) or not isinstance(ours, dict):
        raise ValueError(f"task {task_id}: config is not an object")  # noqa: TRY004 - a malformed file, not a caller's wrong type
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
