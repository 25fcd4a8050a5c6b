"""The results of workers: CSV files with a row for each task."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from janitor.errors import StateFileError
from janitor.storage.atomic import make_folder, write_atomically
from janitor.storage.log import append_line

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
"""The columns of the reference worker. ``status`` is the last one: a torn row has none."""
COMPLETED: Final = "completed"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """A worker's report on one task."""

    task_id: str
    status: str
    worker: str | None = None
    attempt: int | None = None
    """The task's ``retry_count`` when the worker got it."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None


def as_json(result: Any) -> str:
    """A result as JSON; a text of Python's ``repr`` if JSON cannot represent it."""
    try:
        return json.dumps(result, default=str)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(repr(result))


def one_line(text: str) -> str:
    """The text as one line that UTF-8 can encode."""
    return " ".join(text.split()).encode("utf-8", "backslashreplace").decode()


def write_row(path: Path, row: Row, *, phase: str = "", result: str = "null") -> None:
    """Append a row, as one line, to a worker's results; durable on return.

    Args:
        path: The file; it is created if it is missing.
        row: The report on the task.
        phase: The phase of the task.
        result: The result, as JSON.

    Raises:
        StateFileError: it cannot be written.

    """
    make_folder(path.parent, error=StateFileError)
    if not path.exists() or path.stat().st_size == 0:
        write_atomically(path, ",".join(COLUMNS) + "\n", error=StateFileError)
    values = {
        "task_id": row.task_id,
        "phase": one_line(phase),
        "worker": row.worker,
        "attempt": row.attempt,
        "started_at": row.started_at and row.started_at.isoformat(),
        "finished_at": row.finished_at and row.finished_at.isoformat(),
        "result": result,
        "error": row.error and one_line(row.error),
        "status": row.status,
    }
    line = io.StringIO()
    csv.DictWriter(line, COLUMNS, lineterminator="").writerow(values)
    append_line(path, line.getvalue(), error=StateFileError)
