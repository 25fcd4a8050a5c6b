"""TaskManager: hands tasks out, and knows after any crash which are done and who has the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final, Self

from janitor.errors import UsageError
from janitor.tasks import transitions
from janitor.tasks.intake import Intake
from janitor.tasks.result_files import ResultReader
from janitor.tasks.results import COMPLETED, Row
from janitor.tasks.settings import ManagerSettings
from janitor.tasks.state import TaskLedger
from janitor.tasks.task import Task, TaskStatus

_COMPLETED: Final = TaskStatus.COMPLETED
STATE_FILE: Final = Path("manager_state.json")


def utc_now() -> datetime:
    """The present moment, by this machine's clock."""
    return datetime.now(UTC)


class TaskManager(TaskLedger):
    """The tasks of one state file, which nobody else manages meanwhile. For many threads.

    Making one recovers the state, in the document's eight steps, and saves it. What its methods
    return from is on disk. Use it as a context, or call :meth:`close` at the end.

    Args:
        state_file: ``manager_state.json``; with the ending ``.gz`` it is compressed.
        results_dir: Where the workers' CSV files are, at any depth; without it, in the folders
            ``results_*`` beside the state file.
        settings: Thresholds.
        clock: Tells the present moment, aware.
        count: Counts seconds, to tell when 50 of them have passed.
        say: Prints a line for people.

    Raises:
        HeldError: another manager is at work on the file; it tells which.
        StateFileError: the state is damaged, and so are its backups.

    """

    def __init__(
        self,
        state_file: str | Path = STATE_FILE,
        results_dir: str | Path | None = None,
        *,
        settings: ManagerSettings = ManagerSettings(),  # noqa: B008 - it is frozen
        clock: Callable[[], datetime] = utc_now,
        count: Callable[[], float] = monotonic,
        say: Callable[[str], None] = print,
    ) -> None:
        super().__init__(
            Path(state_file),
            backups=settings.backups,
            clock=clock,
            on_problem=settings.on_problem,
        )
        self.settings = settings
        self._count = count
        self._say = say
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
        """Add a task; one that is there already stays as it is.

        Raises:
            UsageError: the id is empty or cannot be printed, or names a task of other content.

        """
        return self.add_all([(task_id, phase, config or {})])[0]

    def add_all(self, tasks: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[Task]:
        """Add many tasks (id, phase, config) in one write; see :meth:`add`."""
        with self.lock:
            new: dict[str, Task] = {}
            all_of_them = []
            for task_id, phase, config in tasks:
                if not task_id.strip() or not task_id.isprintable():
                    raise UsageError(f"{task_id!r:.60} is no task's id: it must be printable text")
                task = Task(task_id, phase, dict(config))
                known = new.get(task_id) or (task_id in self._book and self._book.get(task_id))
                if not known:
                    new[task_id] = known = task
                elif (known.phase, known.config) != (task.phase, task.config):
                    raise UsageError(
                        f"there is a task {task_id} of another phase or config already"
                    )
                all_of_them.append(known)
            if new:
                self.put(*new.values())
                self._intake.expect(new)
            return all_of_them

    def assign(self, worker: str) -> Task | None:
        """Give a worker the task that has waited longest; None where none waits."""
        with self.lock:
            task = self._book.next_pending()
            if task is None:
                return None
            assigned = transitions.assigned(task, worker, self._clock())
            self.put(assigned)
            return assigned

    def assign_again(self, worker: str) -> Task | None:
        """Give a worker what it has already, counted from now on; None where it has nothing."""
        with self.lock:
            had = self._book.assigned(worker)
            if not had:
                return None
            assigned = transitions.assigned(had[0], worker, self._clock())
            self.put(assigned)
            return assigned

    def complete(self, task_id: str, worker: str | None = None) -> Task:
        """Mark a task as done; whoever did it, and whatever it was before.

        Raises:
            NotFoundError: there is no such task.

        """
        with self.lock:
            task = self._book.get(task_id)
            if task.status is not _COMPLETED:
                task = transitions.completed(task, Row(task_id, COMPLETED, worker), self._clock())
                self.put(task)
            return task

    def fail(self, task_id: str, error: str) -> Task:
        """Note an error: the task waits again, or is given up after its last retry.

        Raises:
            NotFoundError: there is no such task.

        """
        with self.lock:
            task = self._book.get(task_id)
            if task.status is not _COMPLETED:
                retries = self.settings.max_retries
                task = transitions.failed(task, error, retries, self._clock())
                self.put(task)
            return task

    def reset(self, task_ids: Iterable[str]) -> list[Task]:
        """Let tasks that are assigned or failed wait again, with all their retries.

        Raises:
            NotFoundError: there is no such task.
            UsageError: one is completed: its results stand in a worker's CSV file, which counts.

        """
        with self.lock:
            tasks = [self._book.get(name) for name in task_ids]
            for task in tasks:
                if task.status is _COMPLETED:
                    raise UsageError(
                        f"task {task.task_id} is completed: to do it again, remove its rows from"
                        " the workers' CSV files, and give it another id"
                    )
            anew = [replace(transitions.reopened(task), retry_count=0) for task in tasks]
            self.put(*anew)
            return anew

    # -- what happened elsewhere

    def reassign_stale(self) -> list[tuple[Task, timedelta]]:
        """Let the tasks wait again that were assigned too long ago; each, with how long ago."""
        with self.lock:
            now = self._clock()
            stale = [
                (task, now - task.assigned_at)
                for task in self._book.assigned()
                if task.assigned_at is not None
                and now - task.assigned_at > self.settings.stale_after
            ]
            if stale:
                self.put(*(transitions.reopened(task) for task, _ in stale))
            return stale

    def take_in(self, row: Row) -> None:
        """Take in what a worker says of one task; of one that is not there, nothing."""
        with self.lock:
            if row.task_id in self._book:
                task = self._book.get(row.task_id)
                told = transitions.told(task, row, self.settings.max_retries, self._clock())
                if told is not None:
                    self.put(told)

    def refresh_completed(self) -> list[str]:
        """Take in what the workers wrote into their CSV files since the last time.

        Returns the ids of the tasks that are completed now, and were not before.
        """
        with self.lock:
            changed = self._intake.changes(self._book, self._clock())
            try:
                self.put(*changed.values())
            except BaseException:
                self._intake.forget()
                raise
            return [name for name, task in changed.items() if task.status is _COMPLETED]

    # -- its life

    def _recover(self) -> None:
        """The document's eight steps."""
        if self.load() is None:  # 1. and 2.: load the state file, restore tasks and assignments
            self.save()
            return
        assigned = self.assigned_tasks()
        self._say(f"Loaded state: {len(self._book)} tasks, {len(assigned)} assigned")
        self._reassign_aloud(assigned)  # 3. and 4.
        if completed := self.refresh_completed():  # 5. and 6.
            self._say("Updating state with CSV completions...")
            self._say(f"Marked {len(completed)} tasks as already completed")
        self.save()  # 7.
        self._say(f"Initial status: {self.status_line()}")  # 8. resume normal operation

    def _reassign_aloud(self, assigned: Iterable[Task] = ()) -> None:
        """Reassign what is stale; of the tasks that are named, also say which are not."""
        stale = self.reassign_stale()
        for task, age in stale:
            self._say(f"Reassigning stale task {task.task_id} (assigned {_hours(age)} ago)")
        gone = {task.task_id for task, _ in stale}
        for task in assigned:
            if task.task_id not in gone and task.assigned_at is not None:
                age = self._clock() - task.assigned_at
                self._say(f"Keeping task {task.task_id} (assigned {_hours(age)} ago - still valid)")

    def save(self) -> None:
        """Write the whole state.

        Raises:
            StateFileError: it cannot be written; what was logged still counts.

        """
        super().save()
        self._saved_at = self._count()

    def tick(self) -> None:
        """The cycle: call it often; every 50 s it looks after stale tasks and saves."""
        with self.lock:
            if self._count() - self._saved_at >= self.settings.save_every.total_seconds():
                self._reassign_aloud()
                self.refresh_completed()
                self.save()

    def close(self) -> None:
        """Save, and let others manage the file. To close twice is no error."""
        with self.lock:
            if self.is_held:
                try:
                    self.save()
                    self._say(f"Saved state: {len(self._book)} tasks")
                finally:
                    self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Save; Ctrl+C says so."""
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._say("Shutting down...")
        self.close()

    def status_line(self) -> str:
        """As the document shows it: ``45/240 (18.8%)``."""
        done, total = self.count(_COMPLETED), len(self._book)
        return f"{done}/{total} ({100 * done / total if total else 0:.1f}%)"

    def say(self, line: str) -> None:
        """Print a line for people."""
        self._say(line)


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.1f} hours"
