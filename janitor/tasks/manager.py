"""TaskManager: hands tasks out, and knows after any crash which are done and who has the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from logging import getLogger
from pathlib import Path
from time import monotonic
from typing import Any, Final, Self

from janitor.errors import UsageError
from janitor.model import STALE_AFTER
from janitor.runtime.clock import utc_now
from janitor.tasks.result_files import Intake, ResultReader
from janitor.tasks.results import COMPLETED, Row
from janitor.tasks.state import TaskLedger
from janitor.tasks.task import Task, TaskStatus

STATE_FILE: Final = Path("manager_state.json")
_log = getLogger("janitor.tasks")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerSettings:
    """The thresholds of a manager.

    Args:
        stale_after: A task that was assigned longer ago is taken from its worker.
        save_every: How often the whole state is saved. Each change is logged at once anyway.
        max_retries: How often a failed task is tried again.
        backups: How many earlier states are kept.
        on_problem: Receives sentences about damaged files.

    Raises:
        UsageError: ``max_retries`` is negative, or ``backups`` is below 1.

    """

    stale_after: timedelta = STALE_AFTER
    save_every: timedelta = timedelta(seconds=50)
    max_retries: int = 3
    backups: int = 5
    on_problem: Callable[[str], None] = _log.warning

    def __post_init__(self) -> None:
        for name, least in (("max_retries", 0), ("backups", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}, not {getattr(self, name)}")


class TaskManager(TaskLedger):
    """The tasks of one state file, which no other process manages meanwhile. For many threads.

    Creating a manager recovers the state, in the eight steps of the design document, and saves it.
    When a method returns, its changes are on disk. Use the manager as a context manager, or call
    :meth:`close` at the end.

    Args:
        state_file: ``manager_state.json``; with the suffix ``.gz`` it is compressed.
        results_dir: Where the workers' CSV files are, at any depth; without it, in the folders
            ``results_*`` beside the state file.
        settings: Thresholds.
        clock: Returns the current time, aware.
        count: Returns seconds that only grow, to measure ``save_every``.
        say: Prints a line for people.

    Raises:
        HeldError: another manager holds the file; the message names it.
        StateFileError: the state is damaged, and so are its backups.

    """

    def __init__(
        self,
        state_file: str | Path = STATE_FILE,
        results_dir: str | Path | None = None,
        *,
        settings: ManagerSettings = ManagerSettings(),
        clock: Callable[[], datetime] = utc_now,
        count: Callable[[], float] = monotonic,
        say: Callable[[str], None] = print,
    ) -> None:
        super().__init__(
            Path(state_file), backups=settings.backups, clock=clock, on_problem=settings.on_problem
        )
        self.settings = settings
        self._count = count
        self.say = say
        self._saved_at = count()
        folder = None if results_dir is None else Path(results_dir).absolute()
        reader = ResultReader(folder, self.state_file, settings.on_problem)
        self._intake = Intake(reader, settings.max_retries)
        try:
            self._recover()
        except BaseException:
            self.release()
            raise

    # -- tasks

    def add(self, task_id: str, phase: str = "", config: Mapping[str, Any] | None = None) -> Task:
        """Add a task. A task that exists already stays as it is.

        Raises:
            UsageError: the id is empty or not printable, or names a task with other content.

        """
        return self.add_all([(task_id, phase, config or {})])[0]

    def add_all(self, tasks: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[Task]:
        """Add many tasks (id, phase, config) in one write; see :meth:`add`."""
        with self.lock:
            new: dict[str, Task] = {}
            found = []
            for task_id, phase, config in tasks:
                if not task_id.strip() or not task_id.isprintable():
                    raise UsageError(f"{task_id!r:.60} is not a task id: use printable text")
                task = Task(task_id, phase, dict(config))
                known = new.get(task_id) or (task_id in self and self.task(task_id))
                if not known:
                    new[task_id] = known = task
                elif (known.phase, known.config) != (task.phase, task.config):
                    raise UsageError(f"task {task_id} exists already, with another phase or config")
                found.append(known)
            if new:
                self.put(*new.values())
                self._intake.expect(new)
            return found

    def assign(self, worker: str) -> Task | None:
        """Give a worker the task that has waited longest; None if none waits."""
        with self.lock:
            return self._assign(self.next_pending(), worker)

    def assign_again(self, worker: str) -> Task | None:
        """Give a worker the task that it already has, counted from now; None if it has none."""
        with self.lock:
            return self._assign(next(iter(self.assigned_tasks(worker)), None), worker)

    def _assign(self, task: Task | None, worker: str) -> Task | None:
        if task is None:
            return None
        assigned = task.when_assigned(worker, self._clock())
        self.put(assigned)
        return assigned

    def complete(self, task_id: str, worker: str | None = None) -> Task:
        """Mark a task as done, from any status.

        Raises:
            NotFoundError: the task does not exist.

        """
        with self.lock:
            task = self.task(task_id)
            if task.status is not TaskStatus.COMPLETED:
                task = task.when_completed(Row(task_id, COMPLETED, worker), self._clock())
                self.put(task)
            return task

    def fail(self, task_id: str, error: str) -> Task:
        """Record an error: the task waits again, or has failed after its last retry.

        Raises:
            NotFoundError: the task does not exist.

        """
        with self.lock:
            task = self.task(task_id)
            if task.status is not TaskStatus.COMPLETED:
                task = task.when_failed(error, self.settings.max_retries, self._clock())
                self.put(task)
            return task

    def reset(self, task_ids: Iterable[str]) -> list[Task]:
        """Return assigned or failed tasks to the queue, with all their retries.

        Raises:
            NotFoundError: the task does not exist.
            UsageError: a task is completed: its results are in a worker's CSV file, which counts.

        """
        with self.lock:
            tasks = [self.task(name) for name in task_ids]
            for task in tasks:
                if task.status is TaskStatus.COMPLETED:
                    raise UsageError(
                        f"task {task.task_id} is completed: to do it again, remove its rows from"
                        " the workers' CSV files, and give it another id"
                    )
            reopened = [replace(task.when_reopened(), retry_count=0) for task in tasks]
            self.put(*reopened)
            return reopened

    # -- what happened elsewhere

    def reassign_stale(self) -> list[tuple[Task, timedelta]]:
        """Return tasks that were assigned too long ago to the queue; each with its age."""
        with self.lock:
            now = self._clock()
            stale = [
                (task, now - task.assigned_at)
                for task in self.assigned_tasks()
                if task.assigned_at is not None
                and now - task.assigned_at > self.settings.stale_after
            ]
            if stale:
                self.put(*(task.when_reopened() for task, _ in stale))
            return stale

    def take_in(self, row: Row) -> None:
        """Apply what a worker reports on one task; a report on an unknown task changes nothing."""
        with self.lock:
            if row.task_id in self:
                after = self.task(row.task_id).after_row(
                    row, self.settings.max_retries, self._clock()
                )
                if after is not None:
                    self.put(after)

    def refresh_completed(self) -> list[str]:
        """Apply what the workers have written into their CSV files since the last call.

        Returns the ids of the tasks that are completed now and were not before.
        """
        with self.lock:
            changed = self._intake.changes(self, self._clock())
            try:
                self.put(*changed.values())
            except BaseException:
                self._intake.forget()
                raise
            return [name for name, task in changed.items() if task.status is TaskStatus.COMPLETED]

    # -- life cycle

    def _recover(self) -> None:
        """The eight steps of the design document."""
        if self.load() is None:  # 1. and 2.: load the state file, restore tasks and assignments
            self.save()
            return
        assigned = self.assigned_tasks()
        self.say(f"Loaded state: {len(self)} tasks, {len(assigned)} assigned")
        self._reassign_aloud(assigned)  # 3. and 4.
        if completed := self.refresh_completed():  # 5. and 6.
            self.say("Updating state with CSV completions...")
            self.say(f"Marked {len(completed)} tasks as already completed")
        self.save()  # 7.
        self.say(f"Initial status: {self.status_line()}")  # 8. resume normal operation

    def _reassign_aloud(self, assigned: Iterable[Task] = ()) -> None:
        """Reassign stale tasks, and say which of the named tasks are not stale."""
        stale = self.reassign_stale()
        for task, age in stale:
            self.say(f"Reassigning stale task {task.task_id} (assigned {_hours(age)} ago)")
        gone = {task.task_id for task, _ in stale}
        for task in assigned:
            if task.task_id not in gone and task.assigned_at is not None:
                age = self._clock() - task.assigned_at
                self.say(f"Keeping task {task.task_id} (assigned {_hours(age)} ago - still valid)")

    def save(self) -> None:
        """Write the whole state; see :meth:`TaskLedger.save`."""
        super().save()
        self._saved_at = self._count()

    def tick(self) -> None:
        """Call it often: every ``save_every`` it reassigns stale tasks and saves."""
        with self.lock:
            if self._count() - self._saved_at >= self.settings.save_every.total_seconds():
                self._reassign_aloud()
                self.refresh_completed()
                self.save()

    def close(self) -> None:
        """Save, and let others manage the file. A second call does nothing."""
        with self.lock:
            if self.is_held:
                try:
                    self.save()
                    self.say(f"Saved state: {len(self)} tasks")
                finally:
                    self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Save; say so after Ctrl+C."""
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.say("Shutting down...")
        self.close()


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.1f} hours"
