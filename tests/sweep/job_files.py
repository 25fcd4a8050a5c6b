"""Writes into the folder of a job what a worker would write."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from janitor.model.jobs import JobHandle, Report


def write_job_file(job: JobHandle, name: str, document: Mapping[str, Any]) -> None:
    """A claim or an exit marker."""
    (Path(job.folder) / name).write_text(json.dumps(document))


def append_report(job: JobHandle, report: Report) -> None:
    """A report as a worker writes it."""
    with (Path(job.folder) / "metrics.jsonl").open("a") as file:
        shown = {name: _text(value) for name, value in report.metrics.items()}
        line = {"step": report.step, "at": report.at, "metrics": shown}
        file.write(json.dumps(line) + "\n")


def _text(value: Any) -> Any:
    """A number as a worker writes it: infinity is a text."""
    return value if math.isfinite(value) else "Infinity"
