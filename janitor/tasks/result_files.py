"""Reads what workers wrote down, from CSV files that grow meanwhile and may hold torn rows."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from janitor.tasks.results import COLUMNS, COMPLETED, Row

_PART: Final = 2 * 1024 * 1024
"""Bytes of a file that are read at a time."""
_MEMORY: Final = 512
"""Bytes before the place up to which a file was read, by which it is known again."""


@dataclass(slots=True)
class ResultReader:
    """Reads the CSV files, each row once.

    Any CSV file with a column ``task_id`` counts. Without a column ``status`` each of its rows is
    a completed task; with one, those that say ``completed``. A last row that is still being
    written is left for the next time, and a file that was written anew is read anew.

    Args:
        folder: Where they are, at any depth; None for the folders ``results_*`` beside the state.
        state_file: The manager's.
        on_problem: Told, in a sentence, of a file that cannot be read; once.

    """

    folder: Path | None
    state_file: Path
    on_problem: Callable[[str], None]
    _seen: dict[Path, _Progress] = field(default_factory=dict, init=False)
    _problems: set[str] = field(default_factory=set, init=False)

    def new_rows(self) -> Iterator[Row]:
        """The rows that were added since the last time, file by file."""
        for path in self._files():
            progress = self._seen.setdefault(path, _Progress())
            try:
                yield from progress.read(path)
                if progress.is_garbled:
                    self._tell(f"{path} is not in UTF-8, and is read as far as it goes")
            except (OSError, ValueError) as error:
                self._tell(f"{path} {error}")

    def forget(self) -> None:
        """Read every row again."""
        self._seen.clear()

    def _files(self) -> list[Path]:
        if self.folder is None:
            found = self.state_file.parent.glob("results_*/**/*.csv")
        else:
            found = self.folder.rglob("*.csv")
        return sorted(path for path in found if path.is_file())

    def _tell(self, problem: str) -> None:
        if problem not in self._problems:
            self._problems.add(problem)
            self.on_problem(problem)


@dataclass(slots=True)
class _Progress:
    """How far one file was read."""

    is_garbled: bool = False
    """Whether it holds bytes that are no UTF-8."""
    _stamp: tuple[int, int, int] | None = None
    _header: bytes = b""
    _offset: int = 0
    _memory: bytes = b""

    def read(self, path: Path) -> Iterator[Row]:
        """The rows that came since.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no CSV file in UTF-8.

        """
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            stamp = status.st_ino, status.st_mtime_ns, status.st_size
            if stamp == self._stamp:
                return
            self._find_place(file)
            while lines := file.readlines(_PART):
                rows, taken = whole_rows(lines, self._header.count(b",") + 1)
                if rows and b"task_id" in self._header:
                    yield from self._parse(b"".join(rows))
                if not taken:
                    break
                self._take(b"".join(lines)[:taken])
                file.seek(self._offset)
        self._stamp = stamp

    def _find_place(self, file: BinaryIO) -> None:
        """Go to where the reading stopped; to the start where the file is another now."""
        file.seek(self._offset - len(self._memory))
        if file.read(len(self._memory)) != self._memory or not self._header:
            self._header, self._offset, self._memory = b"", 0, b""
            file.seek(0)
            if (header := file.readline()).endswith(b"\n"):
                self._header = header
                self._take(header)
            file.seek(self._offset)
            if header.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise ValueError("is in UTF-16, and results are read in UTF-8")

    def _take(self, data: bytes) -> None:
        self._offset += len(data)
        self._memory = (self._memory + data)[-_MEMORY:]

    def _parse(self, rows: bytes) -> Iterator[Row]:
        data = self._header + rows
        text = data.decode("utf-8-sig", "replace")
        self.is_garbled |= "\ufffd" in text and "\ufffd".encode() not in data
        yield from _parsed(text)


def whole_rows(lines: Sequence[bytes], columns: int) -> tuple[list[bytes], int]:
    """The rows that these lines of a file make, and how many bytes are done with.

    A quoted value may run over lines. But where a line that could be a row follows one that
    leaves a value open, whoever wrote the first died over it, and it counts for nothing.

    Args:
        lines: With their ends; the last may be without, for it is being written.
        columns: How many the file has.

    """
    rows: list[bytes] = []
    begun: list[bytes] = []
    done = 0
    for line in lines:
        if not line.endswith(b"\n"):
            break
        opens_or_closes = line.count(b'"') % 2 == 1
        if begun and not opens_or_closes and line.count(b",") + 1 >= columns:
            done += sum(map(len, begun))
            begun = []
        if begun or opens_or_closes:
            begun.append(line)
        if not begun or (opens_or_closes and len(begun) > 1):
            rows.append(b"".join(begun) or line)
            done += len(rows[-1])
            begun = []
    return rows, done


def _parsed(text: str) -> Iterator[Row]:
    import pandas as pd  # noqa: PLC0415 - it costs half a second

    wanted = set(COLUMNS) - {"phase", "result"}
    table = pd.read_csv(
        io.StringIO(text),
        dtype=str,
        keep_default_na=False,
        index_col=False,
        on_bad_lines="skip",
        usecols=lambda name: name in wanted,
    ).fillna("")
    if "task_id" not in table.columns:
        return
    for values in table.itertuples(index=False, name=None):
        row = dict(zip(table.columns, values, strict=True))
        yield Row(
            task_id=row["task_id"],
            status=row.get("status", COMPLETED),
            worker=row.get("worker") or None,
            attempt=int(row["attempt"]) if row.get("attempt", "").isdecimal() else None,
            started_at=_time(row.get("started_at", "")),
            finished_at=_time(row.get("finished_at", "")),
            error=row.get("error") or None,
        )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
