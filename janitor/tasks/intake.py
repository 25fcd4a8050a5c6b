"""What becomes of the tasks by what workers wrote down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from janitor.tasks import transitions
from janitor.tasks.index import TaskBook
from janitor.tasks.result_files import ResultReader
from janitor.tasks.task import Task


@dataclass(slots=True)
class Intake:
    """Takes in each row of the workers' files once.

    Args:
        reader: Reads them.
        max_retries: How often a task that failed is tried again.

    """

    reader: ResultReader
    max_retries: int
    _strangers: set[str] = field(default_factory=set, init=False)
    """Names in the rows that were no tasks then."""

    def changes(self, book: TaskBook, now: datetime) -> dict[str, Task]:
        """The tasks of which new rows tell something new, as they are then."""
        changed: dict[str, Task] = {}
        for row in self.reader.new_rows():
            name = row.task_id
            if name not in book:
                self._strangers.add(name)
                continue
            task = changed.get(name) or book.get(name)
            told = transitions.told(task, row, self.max_retries, now)
            if told is not None:
                changed[name] = told
        return changed

    def expect(self, names: Iterable[str]) -> None:
        """Tasks are new: rows that told of them before count now."""
        if not self._strangers.isdisjoint(names):
            self.forget()

    def forget(self) -> None:
        """Take in every row again."""
        self._strangers.clear()
        self.reader.forget()
