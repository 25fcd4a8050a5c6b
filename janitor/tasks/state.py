"""TaskLedger: the tasks of one state file, held by this process; no change is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from janitor.errors import HeldError
from janitor.storage.locks import Hold
from janitor.tasks.files import Loaded, ManagerFiles
from janitor.tasks.index import TaskBook, WorkerFigures
from janitor.tasks.task import Task, TaskStatus

_RENEWED_WITHIN: Final = 150.0
"""Seconds: three times those between two saves, each of which renews the hold."""


class TaskLedger:
    """Tasks in memory and on disk. For many threads.

    Args:
        path: The state file.
        backups: How many earlier states are kept.
        clock: Tells the present moment, aware.
        on_problem: Told, in sentences, of files that are damaged.

    Raises:
        HeldError: another process holds the file; it tells which.

    """

    def __init__(
        self,
        path: Path,
        *,
        backups: int,
        clock: Callable[[], datetime],
        on_problem: Callable[[str], None],
    ) -> None:
        self.lock = threading.RLock()
        self.state_file = path.absolute()
        self._clock = clock
        self._on_problem = on_problem
        self._files = ManagerFiles(path, backups)
        self._book = TaskBook()
        self._logging = False
        self._hold = Hold(path, renewed_within=_RENEWED_WITHIN)
        self._hold.acquire()

    def load(self) -> Loaded | None:
        """Read the state, get ready to write; None where there is no state.

        Until the first save, changes are in memory alone.

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
            self._book = TaskBook(loaded.tasks.values() if loaded else ())
            return loaded

    # -- writing

    def put(self, *tasks: Task) -> None:
        """Add tasks, or replace those of their ids; durable on return.

        Raises:
            StateFileError: it cannot be written, and nothing was changed.
            HeldError: the file was given back before; others may have written it since.

        """
        with self.lock:
            self._check_held()
            if self._logging and tasks:
                self._files.record(tasks)
            for task in tasks:
                self._book.put(task)

    def save(self) -> None:
        """Write the whole state.

        Raises:
            StateFileError: it cannot be written; what was logged still counts.
            HeldError: as of :meth:`put`.

        """
        with self.lock:
            self._check_held()
            self._files.save(self._book, self._clock())
            self._logging = True
            self._hold.renew()

    def release(self) -> None:
        """Let others hold the file. All that was changed is in the state or in its log."""
        with self.lock:
            self._files.close()
            self._hold.release()

    def _check_held(self) -> None:
        if not self.is_held:
            raise HeldError(f"{self.state_file} was given back: nothing more is written to it")

    @property
    def is_held(self) -> bool:
        """Whether this ledger still holds its file."""
        return self._hold.is_held

    # -- looking

    @property
    def tasks(self) -> Sequence[Task]:
        """All of them, in the order in which they were added."""
        with self.lock:
            return tuple(self._book)

    def task(self, task_id: str) -> Task:
        """One task.

        Raises:
            NotFoundError: there is no such task.

        """
        with self.lock:
            return self._book.get(task_id)

    def assigned_tasks(self, worker: str | None = None) -> list[Task]:
        """The tasks that are assigned; only those of one worker, where it is named."""
        with self.lock:
            return self._book.assigned(worker)

    def count(self, status: TaskStatus) -> int:
        """How many tasks stand there."""
        with self.lock:
            return self._book.count(status)

    @property
    def is_over(self) -> bool:
        """Whether every task is completed or given up."""
        with self.lock:
            return self._book.is_over

    def figures(self) -> dict[str, WorkerFigures]:
        """What each worker did, by its name."""
        with self.lock:
            return self._book.figures()
