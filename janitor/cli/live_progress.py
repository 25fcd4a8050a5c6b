"""The progress of a pass as bars in a terminal."""

from __future__ import annotations

from threading import Lock
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn


class LiveProgress:
    """An observer for a terminal: progress bars on stderr that disappear at the end."""

    def __init__(self, console: Console) -> None:
        self._lock = Lock()
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def scanned(self, target: str, seen: int, expected: int | None) -> None:
        """A page of a target was read."""
        self._update(f"scan {target}", seen, expected)

    def repairing(self, total: int) -> None:
        """The repair of so many runs begins."""
        self._update(_REPAIR, 0, total)

    def repaired(self) -> None:
        """One of them is done."""
        with self._lock:
            self._progress.advance(self._tasks[_REPAIR])

    def _update(self, name: str, completed: int, total: int | None) -> None:
        with self._lock:
            self._progress.start()  # only now: a pass that is refused shows no bar
            if name not in self._tasks:
                self._tasks[name] = self._progress.add_task(name, total=total)
            self._progress.update(self._tasks[name], completed=completed, total=total)


_REPAIR = "repair"
