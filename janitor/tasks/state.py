"""The tasks of one state file: in memory (:class:`TaskIndex`) and on disk (:class:`TaskLedger`)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from janitor.errors import NotFoundError
from janitor.storage.file_hold import FileHold
from janitor.tasks.files import Loaded, ManagerFiles
from janitor.tasks.task import Task, TaskStatus

_RENEWED_WITHIN: Final = 150.0
"""Seconds: three times the interval between two saves, each of which renews the hold."""


@dataclass(frozen=True, slots=True)
class WorkerFigures:
    """What one worker did."""

    done: int
    """Tasks that it completed."""
    assigned: int
    """Tasks that it has now."""
    mean_time: timedelta | None
    """From start to end, over the completed tasks for which both are known."""


class TaskIndex:
    """The tasks by id, in the order in which they were added. For many threads."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self.lock = threading.RLock()
        self._fill(tasks)

    def _fill(self, tasks: Iterable[Task]) -> None:
        """Hold these tasks and no others."""
        self._tasks: dict[str, Task] = {}
        self._waiting: dict[str, None] = {}
        self._assigned: dict[str, None] = {}
        self._counts: Counter[TaskStatus] = Counter()
        self._remember(tasks)

    def _remember(self, tasks: Iterable[Task]) -> None:
        """Add tasks, or replace those with the same ids."""
        for task in tasks:
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

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._tasks

    @property
    def tasks(self) -> Sequence[Task]:
        """All tasks, in the order in which they were added."""
        with self.lock:
            return tuple(self._tasks.values())

    def task(self, task_id: str) -> Task:
        """One task.

        Raises:
            NotFoundError: the task does not exist.

        """
        try:
            return self._tasks[task_id]
        except KeyError:
            raise NotFoundError(f"task {task_id} does not exist") from None

    def next_pending(self) -> Task | None:
        """The task that has waited longest; None if none waits."""
        with self.lock:
            name = next(iter(self._waiting), None)
            return None if name is None else self._tasks[name]

    def assigned_tasks(self, worker: str | None = None) -> list[Task]:
        """The assigned tasks; only those of one worker, if it is named."""
        with self.lock:
            found = [self._tasks[name] for name in self._assigned]
        return [task for task in found if worker is None or task.assigned_to == worker]

    def count(self, status: TaskStatus) -> int:
        """How many tasks have this status."""
        return self._counts[status]

    def status_line(self) -> str:
        """The progress in the form of the design document: ``45/240 (18.8%)``."""
        done, total = self.count(TaskStatus.COMPLETED), len(self)
        return f"{done}/{total} ({100 * done / total if total else 0:.1f}%)"

    @property
    def is_over(self) -> bool:
        """Whether every task is completed, or failed for good."""
        with self.lock:
            return not self._waiting and not self._assigned

    def figures(self) -> dict[str, WorkerFigures]:
        """What each worker did, by its name."""
        done: Counter[str] = Counter()
        times: dict[str, list[timedelta]] = {}
        for task in self.tasks:
            if task.assigned_to is None or task.status is not TaskStatus.COMPLETED:
                continue
            done[task.assigned_to] += 1
            if task.started_at is not None and task.finished_at is not None:
                times.setdefault(task.assigned_to, []).append(task.finished_at - task.started_at)
        busy = Counter(task.assigned_to for task in self.assigned_tasks() if task.assigned_to)
        return {
            worker: WorkerFigures(done[worker], busy[worker], _mean(times.get(worker, [])))
            for worker in sorted(done.keys() | busy.keys())
        }


class TaskLedger(TaskIndex):
    """The tasks of a state file that this process holds. No change is lost. For many threads.

    Args:
        path: The state file.
        backups: How many earlier states are kept.
        clock: Returns the current time, aware.
        on_problem: Receives sentences about damaged files.

    Raises:
        HeldError: another process holds the file; the message names it.

    """

    def __init__(
        self,
        path: Path,
        *,
        backups: int,
        clock: Callable[[], datetime],
        on_problem: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.state_file = path.absolute()
        self._clock = clock
        self._on_problem = on_problem
        self._files = ManagerFiles(path, backups)
        self._logging = False
        self._hold = FileHold(path, renewed_within=_RENEWED_WITHIN)
        self._hold.acquire()

    @property
    def is_held(self) -> bool:
        """Whether this ledger still holds its file."""
        return self._hold.is_held

    def load(self) -> Loaded | None:
        """Read the state and get ready to write; None if it does not exist.

        Until the first save, changes are in memory only.

        Raises:
            StateFileError: the state is damaged, and so are its backups.

        """
        with self.lock:
            try:
                loaded = self._files.load()
            except FileNotFoundError:
                loaded = None
            for problem in loaded.problems if loaded else ():
                self._on_problem(problem)
            self._files.begin(loaded, self._clock())
            self._fill(loaded.tasks.values() if loaded else ())
            return loaded

    def put(self, *tasks: Task) -> None:
        """Add tasks, or replace those with the same ids; durable on return.

        Raises:
            StateFileError: the tasks cannot be written, and nothing was changed.
            HeldError: the file was released, or another process may hold it.

        """
        with self.lock:
            self._hold.check()
            if self._logging and tasks:
                self._files.record(tasks)
            self._remember(tasks)

    def save(self) -> None:
        """Write the whole state.

        Raises:
            StateFileError: it cannot be written; logged changes still count.
            HeldError: as for :meth:`put`.

        """
        with self.lock:
            self._hold.check()
            self._files.save(self.tasks, self._clock())
            self._logging = True
            self._hold.renew()

    def release(self) -> None:
        """Let others hold the file. All changes are in the state or in its log."""
        with self.lock:
            self._files.close()
            self._hold.release()


def _mean(times: list[timedelta]) -> timedelta | None:
    return sum(times, timedelta()) / len(times) if times else None
