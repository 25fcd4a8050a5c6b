"""Reads the CSV files in which workers write their results, and what they mean for the tasks.

The files grow while they are read, and may hold torn rows.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from janitor.tasks.results import COLUMNS, COMPLETED, Row
from janitor.tasks.state import TaskIndex
from janitor.tasks.task import Task

_PART: Final = 2 * 1024 * 1024
"""Bytes of a file that are read at a time."""
_MEMORY: Final = 512
"""Bytes before the place up to which a file was read. They show that it is the same file."""
_LONGEST_HEADER: Final = 65_536
"""Bytes."""
_SEPARATORS: Final = (",", ";", "\t", "|")
_ATTEMPT: Final = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class ResultReader:
    """Reads the CSV files, each row once.

    Every CSV file with a column ``task_id`` counts; commas, semicolons, tabs or bars separate its
    columns. Without a column ``status`` each row is a completed task, with one only the rows that
    say ``completed``. A last row without a line end is still being written: it is read later. A
    file that was replaced is read from its beginning.

    Args:
        folder: Where the files are, at any depth; None for the folders ``results_*`` beside the
            state file.
        state_file: The manager's state file.
        on_problem: Receives a sentence about each file that cannot be read or does not count, once.

    """

    folder: Path | None
    state_file: Path
    on_problem: Callable[[str], None]
    _seen: dict[Path, _Progress] = field(default_factory=dict, init=False)
    _problems: set[str] = field(default_factory=set, init=False)

    def new_rows(self) -> Iterator[Row]:
        """The rows that were added since the last call, file by file."""
        for path in self._files():
            progress = self._seen.setdefault(path, _Progress())
            try:
                yield from progress.read(path)
            except (OSError, ValueError) as error:
                self._report(f"{path} {error}")
                continue
            if progress.is_garbled:
                self._report(f"{path} is not in UTF-8: characters that cannot be read are replaced")
            if progress.is_foreign:
                self._report(f"{path} has no column task_id in its first line: no row of it counts")

    def forget(self) -> None:
        """Read every row again."""
        self._seen.clear()

    def _files(self) -> list[Path]:
        if self.folder is None:
            found = self.state_file.parent.glob("results_*/**/*.csv")
        else:
            found = self.folder.rglob("*.csv")
        return sorted(path for path in found if path.is_file())

    def _report(self, problem: str) -> None:
        if problem not in self._problems:
            self._problems.add(problem)
            self.on_problem(problem)


@dataclass(slots=True)
class Intake:
    """Applies each row of the workers' files to the tasks, once.

    Args:
        reader: Reads the files.
        max_retries: How often a failed task is tried again.

    """

    reader: ResultReader
    max_retries: int
    _unknown: set[str] = field(default_factory=set, init=False)
    """Names in the rows that were not tasks at that time."""

    def changes(self, tasks: TaskIndex, now: datetime) -> dict[str, Task]:
        """The tasks that new rows change, as they are afterwards."""
        changed: dict[str, Task] = {}
        for row in self.reader.new_rows():
            name = row.task_id
            if name not in tasks:
                self._unknown.add(name)
                continue
            task = changed.get(name) or tasks.task(name)
            after = task.after_row(row, self.max_retries, now)
            if after is not None:
                changed[name] = after
        return changed

    def expect(self, names: Iterable[str]) -> None:
        """Tasks were added: earlier rows about them count now."""
        if not self._unknown.isdisjoint(names):
            self.forget()

    def forget(self) -> None:
        """Apply every row again."""
        self._unknown.clear()
        self.reader.forget()


@dataclass(slots=True)
class _Progress:
    """How far one file was read."""

    is_garbled: bool = False
    """Whether it holds bytes that are not UTF-8."""
    is_foreign: bool = False
    """Whether its first line has no column ``task_id``."""
    _stamp: tuple[int, int, int] | None = None
    _header: bytes = b""
    _names: list[str] = field(default_factory=list)
    _separator: str = ","
    _ends_lines_with_cr: bool = False
    _offset: int = 0
    _memory: bytes = b""

    def read(self, path: Path) -> Iterator[Row]:
        """The rows that were added since the last call.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not a CSV file in UTF-8.

        """
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            stamp = status.st_ino, status.st_mtime_ns, status.st_size
            if stamp == self._stamp:
                return
            self._find_place(file)
            while lines := self._lines(file):
                rows, taken = whole_rows(lines, len(self._names), self._separator.encode())
                if rows and not self.is_foreign:
                    yield from self._parse(b"".join(rows))
                if not taken:
                    break
                self._advance(file, taken)
        self._stamp = stamp

    def _lines(self, file: BinaryIO) -> list[bytes]:
        """The next lines, complete except for the last one, which end with LF here."""
        file.seek(self._offset)
        if not self._ends_lines_with_cr:
            return file.readlines(_PART)
        return file.read(_PART).replace(b"\r", b"\n").splitlines(keepends=True)

    def _find_place(self, file: BinaryIO) -> None:
        """Find out whether the file is the one that was read so far; if not, read its header."""
        file.seek(self._offset - len(self._memory))
        if self._header and file.read(len(self._memory)) == self._memory:
            return
        self._header, self._names, self._offset, self._memory = b"", [], 0, b""
        self.is_foreign = self._ends_lines_with_cr = False
        file.seek(0)
        header = file.readline(_LONGEST_HEADER)
        if header.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ValueError("is in UTF-16: results are read in UTF-8")
        if b"\r" in header.rstrip(b"\r\n"):
            self._ends_lines_with_cr = True
            header = header.partition(b"\r")[0] + b"\r"
        if header.endswith(b"\n") or self._ends_lines_with_cr:
            self._header = header
            self._read_header(header.decode("utf-8-sig", "replace").rstrip("\r\n"))
            self._advance(file, len(header))

    def _read_header(self, text: str) -> None:
        for separator in _SEPARATORS:
            names = next(csv.reader([text], delimiter=separator), [])
            names = [name.strip() for name in names]
            if "task_id" in names:
                self._names, self._separator = names, separator
                return
        self.is_foreign = True

    def _advance(self, file: BinaryIO, size: int) -> None:
        """Note that so many bytes more were read."""
        self._offset += size
        file.seek(max(0, self._offset - _MEMORY))
        self._memory = file.read(min(self._offset, _MEMORY))

    def _parse(self, rows: bytes) -> Iterator[Row]:
        text = rows.decode("utf-8", "replace")
        self.is_garbled |= "\ufffd" in text and "\ufffd".encode() not in rows
        header = io.StringIO()
        csv.writer(header, delimiter=self._separator, lineterminator="\n").writerow(self._names)
        yield from _parsed(header.getvalue() + text, self._separator)


def whole_rows(
    lines: Sequence[bytes], columns: int, separator: bytes = b","
) -> tuple[list[bytes], int]:
    """The complete rows in these lines of a file, and how many bytes need not be read again.

    A quoted value may contain line ends. But if a line that could be a row follows a line with an
    open quote, the writer of the first line died while writing it, and it does not count.

    Args:
        lines: With their ends. The last may have none: it is still being written.
        columns: How many columns the file has.
        separator: What separates them.

    """
    rows: list[bytes] = []
    begun: list[bytes] = []
    done = 0
    for line in lines:
        if not line.endswith(b"\n"):
            break
        opens_or_closes = line.count(b'"') % 2 == 1
        if begun and not opens_or_closes and line.count(separator) + 1 >= columns:
            done += sum(map(len, begun))
            begun = []
        if begun or opens_or_closes:
            begun.append(line)
        if not begun or (opens_or_closes and len(begun) > 1):
            rows.append(b"".join(begun) or line)
            done += len(rows[-1])
            begun = []
    return rows, done


def _parsed(text: str, separator: str) -> Iterator[Row]:
    import pandas as pd  # noqa: PLC0415 - importing it takes half a second

    wanted = set(COLUMNS) - {"phase", "result"}
    table = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        dtype=str,
        keep_default_na=False,
        index_col=False,
        on_bad_lines="skip",
        usecols=lambda name: name in wanted,
    ).fillna("")
    for values in table.itertuples(index=False, name=None):
        row = dict(zip(table.columns, values, strict=True))
        attempt = row.get("attempt", "")
        yield Row(
            task_id=row["task_id"],
            status=row.get("status", COMPLETED),
            worker=row.get("worker") or None,
            attempt=int(attempt) if _ATTEMPT.fullmatch(attempt) else None,
            started_at=_time(row.get("started_at", "")),
            finished_at=_time(row.get("finished_at", "")),
            error=row.get("error") or None,
        )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
