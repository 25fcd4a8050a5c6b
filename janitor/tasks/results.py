"""What workers completed: the CSV files to which they add a row for each task."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from janitor.durable import append_line, make_folder, write_atomically
from janitor.errors import StateFileError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = (
    "task_id",
    "phase",
    "worker",
    "attempt",
    "started_at",
    "finished_at",
    "result",
    "error",
    "status",
)
"""What the reference worker writes. ``status`` is the last: a row that was torn has none."""
COMPLETED: Final = "completed"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """What a worker says of one task."""

    task_id: str
    status: str
    worker: str | None = None
    attempt: int | None = None
    """The task's ``retry_count`` when the worker had it."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None


@dataclass(slots=True)
class ResultReader:
    """Reads the CSV files, each row once.

    Any CSV file with a column ``task_id`` counts. Without a column ``status`` each of its rows is
    a completed task; with one, those that say ``completed``. A last row that is still being
    written is left for the next time.

    Args:
        folder: Where they are, at any depth; None for the folders ``results_*`` beside the state.
        state_file: The manager's.
        on_problem: Told, in a sentence, of a file that cannot be read.

    """

    folder: Path | None
    state_file: Path
    on_problem: Callable[[str], None]
    _seen: dict[Path, _Progress] = field(default_factory=dict, init=False)

    def new_rows(self) -> Iterator[Row]:
        """The rows that were added since the last time, file by file."""
        for path in self._files():
            progress = self._seen.setdefault(path, _Progress())
            try:
                yield from progress.read(path)
            except (OSError, ValueError) as error:
                self.on_problem(f"{path} cannot be read as results: {error}")

    def forget(self) -> None:
        """Read every row again."""
        self._seen.clear()

    def _files(self) -> list[Path]:
        if self.folder is None:
            return sorted(self.state_file.parent.glob("results_*/**/*.csv"))
        return sorted(self.folder.rglob("*.csv"))


@dataclass(slots=True)
class _Progress:
    """How far one file was read."""

    header: bytes = b""
    offset: int = 0
    inode: int = 0

    def read(self, path: Path) -> Iterator[Row]:
        with path.open("rb") as file:
            status = path.stat()
            if status.st_ino != self.inode or status.st_size < self.offset:
                self.header, self.offset, self.inode = b"", 0, status.st_ino
            if status.st_size == self.offset:
                return
            file.seek(self.offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        if not whole:
            return
        if not self.header:
            self.header = whole[: whole.find(b"\n") + 1]
            rows = whole[len(self.header) :]
        else:
            rows = whole
        if rows.strip():
            yield from _rows(self.header + rows)
        self.offset += len(whole)


def _rows(data: bytes) -> Iterator[Row]:
    import pandas as pd  # noqa: PLC0415 - it costs half a second

    wanted = set(COLUMNS) - {"phase", "result"}
    table = pd.read_csv(
        io.BytesIO(data),
        dtype=str,
        keep_default_na=False,
        on_bad_lines="skip",
        usecols=lambda name: name in wanted,
    )
    if "task_id" not in table.columns:
        return
    if "status" not in table.columns:
        table["status"] = COMPLETED
    for row in _records(table.fillna("")):
        yield Row(
            task_id=row["task_id"],
            status=row["status"],
            worker=row.get("worker") or None,
            attempt=int(row["attempt"]) if row.get("attempt", "").isdecimal() else None,
            started_at=_time(row.get("started_at", "")),
            finished_at=_time(row.get("finished_at", "")),
            error=row.get("error") or None,
        )


def _records(table: pd.DataFrame) -> Iterator[Mapping[str, str]]:
    for values in table.itertuples(index=False, name=None):
        yield dict(zip(table.columns, values, strict=True))


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC)


def write_row(path: Path, row: Row, *, phase: str = "", result: Any = None) -> None:
    """Add a row to a worker's results; durable on return.

    Raises:
        StateFileError: it cannot be written.

    """
    make_folder(path.parent, error=StateFileError)
    if not path.exists() or path.stat().st_size == 0:
        write_atomically(path, ",".join(COLUMNS) + "\n", error=StateFileError)
    values = {
        "task_id": row.task_id,
        "phase": phase,
        "worker": row.worker,
        "attempt": row.attempt,
        "started_at": row.started_at and row.started_at.isoformat(),
        "finished_at": row.finished_at and row.finished_at.isoformat(),
        "result": json.dumps(result, default=str),
        "error": row.error and " ".join(row.error.split()),
        "status": row.status,
    }
    line = io.StringIO()
    csv.DictWriter(line, COLUMNS, lineterminator="").writerow(values)
    append_line(path, line.getvalue(), error=StateFileError)
