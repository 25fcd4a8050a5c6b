"""What becomes of a task when something happens to it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from janitor.tasks.results import COMPLETED, FAILED, Row
from janitor.tasks.task import Task, TaskStatus


def assigned(task: Task, worker: str, now: datetime) -> Task:
    """The task in a worker's hands."""
    return replace(
        task,
        status=TaskStatus.ASSIGNED,
        assigned_to=worker,
        assigned_at=now,
        started_at=now,
        finished_at=None,
    )


def completed(task: Task, row: Row, now: datetime) -> Task:
    """The task as done; whoever did it, and whatever it was before."""
    return replace(
        task,
        status=TaskStatus.COMPLETED,
        assigned_to=row.worker or task.assigned_to,
        started_at=row.started_at or task.started_at,
        finished_at=row.finished_at or now,
    )


def failed(task: Task, error: str, max_retries: int, now: datetime) -> Task:
    """The task after an error: it waits again, or is given up after its last retry."""
    retries = task.retry_count + 1
    given_up = retries > max_retries
    return replace(
        task,
        status=TaskStatus.FAILED if given_up else TaskStatus.PENDING,
        assigned_to=task.assigned_to if given_up else None,
        assigned_at=None,
        retry_count=retries,
        last_error=error,
        finished_at=now,
    )


def told(task: Task, row: Row, max_retries: int, now: datetime) -> Task | None:
    """The task after what a worker says of it; None where that changes nothing."""
    if task.status is not TaskStatus.COMPLETED and row.status == COMPLETED:
        return completed(task, row, now)
    if row.status != FAILED or not _is_of_this_assignment(row, task):
        return None
    return failed(task, row.error or "no error was told", max_retries, now)


def _is_of_this_assignment(row: Row, task: Task) -> bool:
    """Whether a row tells of the task's present assignment, not of an earlier one."""
    if task.status is not TaskStatus.ASSIGNED or row.worker != task.assigned_to:
        return False
    earlier = row.finished_at and task.assigned_at and row.finished_at < task.assigned_at
    return row.attempt == task.retry_count and not earlier


def reopened(task: Task) -> Task:
    """The task as one that waits."""
    return replace(
        task, status=TaskStatus.PENDING, assigned_to=None, assigned_at=None, started_at=None
    )
