"""The manager's files: the state, its backups, and the log of changes since the last save.

    manager_state.json          the state of a generation
    manager_state.json.1 …      the states before it, newest first
    manager_state.json.log-7    changes since generation 7 was saved, one per line
    manager_state.json.corrupt-…  a damaged state, kept

A save writes the next generation. The log of the previous one no longer counts then, but is kept as
long as its state is among the backups. So a damaged state loses nothing: its backup and the later
logs hold the same.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from janitor.errors import StateFileError
from janitor.storage.atomic import make_folder, write_atomically
from janitor.storage.log import AppendOnlyLog, read_log
from janitor.storage.rescue import CORRUPT, keep_copy
from janitor.storage.untrusted import read_untrusted
from janitor.tasks import codec
from janitor.tasks.task import Task, read_task

_LOG: Final = ".log-"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The state as it was read."""

    tasks: dict[str, Task]
    generation: int
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Other keys of the state file."""
    problems: tuple[str, ...] = ()
    """What was damaged, as sentences."""
    damaged: bool = False
    """Whether the state file itself was damaged."""


@dataclass(slots=True)
class ManagerFiles:
    """Reads and writes the files. One writer at a time; see :mod:`janitor.storage.file_hold`.

    Args:
        path: The state file; with the suffix ``.gz`` it is compressed. For a symbolic link, all
            files are beside its target.
        backups: How many earlier states are kept; at least 1.

    """

    path: Path
    backups: int = 5
    generation: int = 0
    _log: AppendOnlyLog | None = field(default=None, init=False)
    _damaged: bool = field(default=False, init=False)
    _extra: Mapping[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.path = Path(os.path.realpath(self.path))

    # -- reading

    def load(self) -> Loaded:
        """The state with everything that was logged since; from a backup if it is damaged.

        Nothing is written. Reading works while a manager writes.

        Raises:
            FileNotFoundError: the state does not exist.
            StateFileError: neither it nor a backup can be read.

        """
        problems: list[str] = []
        for place in (self.path, *self._backup_paths()):
            try:
                data = read_untrusted(place, follow=True, error=StateFileError)
            except StateFileError as error:
                if isinstance(error.__cause__, FileNotFoundError):
                    if place == self.path:
                        raise error.__cause__ from None
                    continue
                problems.append(f"{place} is damaged ({error})")
                continue
            try:
                snapshot = codec.parse(data)  # a newer version is refused, not taken for damage
            except ValueError as error:
                problems.append(f"{place} is damaged ({error})")
                continue
            if problems:
                problems.append(f"{place.name} and the later logs are used")
            generation = self._replay(snapshot)
            damaged = place != self.path
            found = tuple(problems)
            return Loaded(snapshot.tasks, generation, snapshot.extra, found, damaged=damaged)
        raise StateFileError(f"{'; '.join(problems)}, and no backup is usable")

    def signature(self) -> tuple[tuple[str, int, int, int], ...]:
        """Changes whenever the state or its log does."""
        found = []
        for path in sorted((self.path, *self._logs().values())):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((path.name, status.st_ino, status.st_mtime_ns, status.st_size))
        return tuple(found)

    def _replay(self, snapshot: codec.Snapshot) -> int:
        """Bring a snapshot's tasks up to date; returns their generation.

        A state that no janitor wrote, or that was edited by hand, counts as it is.
        """
        numbers = sorted(self._logs())
        if snapshot.generation == 0:
            return max(numbers, default=0)
        generation = snapshot.generation
        for number in numbers:
            if number >= snapshot.generation:
                generation = number
                self._replay_log(self._log_path(number), snapshot.tasks)
        return generation

    def _replay_log(self, path: Path, tasks: dict[str, Task]) -> None:
        try:
            for record in read_log(path, error=StateFileError).records:
                _apply(record, tasks)
        except StateFileError as error:
            raise StateFileError(
                f"{error}; restore {path}, or move it away to continue without its changes"
            ) from error

    # -- writing

    def begin(self, loaded: Loaded | None, at: datetime) -> None:
        """Get ready to write: after what was loaded, or a new state without it.

        Remains of a state that was removed are moved aside. A damaged state is kept.
        """
        suffix = f"{at:%Y%m%dT%H%M%S%fZ}"
        if loaded is None:
            make_folder(self.path.parent, error=StateFileError)
            for leftover in (*self._backup_paths(), *self._logs().values()):
                if leftover.exists():
                    leftover.replace(leftover.with_name(f"{leftover.name}.before-{suffix}"))
            self.generation = 0
            return
        self.generation, self._damaged = loaded.generation, loaded.damaged
        self._extra = loaded.extra
        if loaded.damaged:
            keep_copy(self.path, self.path.with_name(f"{self.path.name}{CORRUPT}{suffix}"))

    def save(self, tasks: Iterable[Task], at: datetime) -> None:
        """Write the next generation of the state; durable on return.

        Raises:
            StateFileError: it cannot be written; logged changes still count.

        """
        generation = self.generation + 1
        try:
            compressed = self.path.suffix == ".gz"
            data = codec.dump(tasks, generation, at, compressed=compressed, extra=self._extra)
        except ValueError as error:
            raise StateFileError(f"{self.path} cannot be written: {error}") from error
        if not self._damaged:
            self._rotate()
        write_atomically(self.path, data, error=StateFileError)
        self.generation, self._damaged = generation, False
        self.close()
        for number, path in self._logs().items():
            if number < generation - self.backups:
                path.unlink(missing_ok=True)

    def record(self, changed: Iterable[Task], removed: Iterable[str] = ()) -> None:
        """Log changes; durable on return.

        Raises:
            StateFileError: they are not logged and must not count.

        """
        if self._log is None:
            self._log = AppendOnlyLog(self._log_path(self.generation), error=StateFileError)
        record: dict[str, Any] = {"tasks": {task.task_id: task.document() for task in changed}}
        if names := list(removed):
            record["removed"] = names
        self._log.append(record)

    def close(self) -> None:
        """Close the log. The next change begins another one."""
        log, self._log = self._log, None
        if log is not None:
            log.close()

    def _rotate(self) -> None:
        """Make the present state the first backup; only once, however often a save is tried."""
        places = [self.path, *self._backup_paths()]
        with suppress(FileNotFoundError):
            if places[1].samefile(self.path):
                return
        try:
            for older, newer in zip(places[:1:-1], places[-2:0:-1], strict=True):
                if newer.exists():
                    newer.replace(older)
        except OSError as error:
            raise StateFileError(
                f"cannot keep a copy of {self.path}: {error.strerror}: {error.filename2}"
            ) from error
        keep_copy(self.path, places[1])

    # -- names

    def _backup_paths(self) -> Iterator[Path]:
        for number in range(1, self.backups + 1):
            yield self.path.with_name(f"{self.path.name}.{number}")

    def _log_path(self, generation: int) -> Path:
        return self.path.with_name(f"{self.path.name}{_LOG}{generation}")

    def _logs(self) -> dict[int, Path]:
        start = f"{self.path.name}{_LOG}"
        numbers = {
            path.name.removeprefix(start): path
            for path in self.path.parent.glob(f"{glob.escape(start)}*")
        }
        return {int(number): path for number, path in numbers.items() if number.isdecimal()}


def _apply(record: Mapping[str, Any], tasks: dict[str, Task]) -> None:
    try:
        for name, document in record["tasks"].items():
            tasks[name] = read_task(name, document, local=False)
    except (KeyError, AttributeError, ValueError) as error:
        raise StateFileError(f"a record of the log is malformed: {error}") from error
    for name in record.get("removed", ()):
        tasks.pop(name, None)
