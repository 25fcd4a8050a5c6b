"""What workers write down: CSV files to which they add a row for each task."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from janitor.durable import append_line, make_folder, write_atomically
from janitor.errors import StateFileError

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


def write_row(path: Path, row: Row, *, phase: str = "", result: Any = None) -> None:
    """Add a row, of one line, to a worker's results; durable on return.

    Raises:
        StateFileError: it cannot be written.

    """
    make_folder(path.parent, error=StateFileError)
    if not path.exists() or path.stat().st_size == 0:
        write_atomically(path, ",".join(COLUMNS) + "\n", error=StateFileError)
    values = {
        "task_id": row.task_id,
        "phase": " ".join(phase.splitlines()),
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
