"""All tasks in memory, with what is looked up often: which wait, which are assigned, how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from janitor.errors import NotFoundError
from janitor.tasks.task import Task, TaskStatus


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """What one worker did."""

    done: int
    """Tasks that it completed."""
    assigned: int
    """Tasks that it has now."""
    mean_time: timedelta | None
    """From start to end, over the completed tasks of which both are known."""


class TaskBook:
    """The tasks, by id, in the order in which they were added."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self._tasks: dict[str, Task] = {}
        self._waiting: dict[str, None] = {}
        self._assigned: dict[str, None] = {}
        self._counts: Counter[TaskStatus] = Counter()
        for task in tasks:
            self.put(task)

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._tasks

    def get(self, task_id: str) -> Task:
        """One task.

        Raises:
            NotFoundError: there is none of this id.

        """
        try:
            return self._tasks[task_id]
        except KeyError:
            raise NotFoundError(f"there is no task {task_id}") from None

    def put(self, task: Task) -> None:
        """Add a task, or replace the one of its id."""
        name = task.task_id
        if (former := self._tasks.get(name)) is not None:
            self._counts[former.status] -= 1
        self._tasks[name] = task
        self._counts[task.status] += 1
        self._waiting.pop(name, None)
        self._assigned.pop(name, None)
        if task.status is TaskStatus.PENDING:
            self._waiting[name] = None
        elif task.status is TaskStatus.ASSIGNED:
            self._assigned[name] = None

    def count(self, status: TaskStatus) -> int:
        """How many tasks stand there."""
        return self._counts[status]

    def next_pending(self) -> Task | None:
        """The task that has waited longest."""
        name = next(iter(self._waiting), None)
        return None if name is None else self._tasks[name]

    def assigned(self, worker: str | None = None) -> list[Task]:
        """The tasks that are assigned; only those of one worker, where it is named."""
        found = (self._tasks[name] for name in self._assigned)
        return [task for task in found if worker is None or task.assigned_to == worker]

    @property
    def is_over(self) -> bool:
        """Whether no task waits or is under way."""
        return not self._waiting and not self._assigned

    def figures(self) -> dict[str, WorkerFigures]:
        """What each worker did, by its name."""
        done: Counter[str] = Counter()
        times: dict[str, list[timedelta]] = {}
        for task in self:
            if task.assigned_to is None or task.status is not TaskStatus.COMPLETED:
                continue
            done[task.assigned_to] += 1
            if task.started_at is not None and task.finished_at is not None:
                times.setdefault(task.assigned_to, []).append(task.finished_at - task.started_at)
        busy = Counter(task.assigned_to for task in self.assigned() if task.assigned_to)
        return {
            worker: WorkerFigures(done[worker], busy[worker], _mean(times.get(worker, [])))
            for worker in sorted(done.keys() | busy.keys())
        }


def _mean(times: list[timedelta]) -> timedelta | None:
    return sum(times, timedelta()) / len(times) if times else None
