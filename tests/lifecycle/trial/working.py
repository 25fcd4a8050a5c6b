"""Runs real workers on job files in a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from janitor.model.jobs import JobDefinition, JobHandle, JobTypes, Report
from janitor.stores.sweep_files.job_folder import reports_of


def job_in(
    folder: Path, command: Sequence[str], *, local: Mapping[str, Any] | None = None, **fields: Any
) -> Path:
    """A job file whose command is a shell script or any other program."""
    attempt = fields.pop("attempt", 1)
    place = folder / "RUN" / f"a{attempt}"
    place.mkdir(parents=True, exist_ok=True)
    job = JobDefinition(
        sweep="s",
        run="s-0000",
        attempt=attempt,
        kind=JobTypes.LAUNCH_TRAINING,
        command=tuple(command),
        directory=str(folder),
        folder=str(place),
        params={"lr": 1e-05, "opt": "adam"},
        checkpoints=str(folder / "checkpoints"),
        metric="loss",
        collect="stdout",
        grace=0.5,
    )
    job = replace(job, **fields)
    path = place / "job.json"
    path.write_text(json.dumps({"version": 1, "job": asdict(job), "local": local or {}}))
    return path


def shell(folder: Path, script: str, **fields: Any) -> Path:
    """A job file whose command is a shell script."""
    return job_in(folder, ["sh", "-c", script], **fields)


def start(path: Path, **environment: str) -> subprocess.Popen[str]:
    """A worker, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "janitor.lifecycle.trial", str(path)],
        env={**os.environ, **environment},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(path: Path, **environment: str) -> tuple[int, str]:
    """A worker's exit code, and what it said."""
    process = start(path, **environment)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def marker(path: Path) -> dict[str, Any]:
    """The exit marker of a job file's attempt."""
    document: dict[str, Any] = json.loads((path.parent / "exit.json").read_text())
    return document


def wait_until_exists(path: Path, seconds: float = 30) -> None:
    """Wait for a file."""
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.01)


def wait_until_gone(pid: int, seconds: float = 30) -> None:
    """Wait until a process, which may be a zombie of ours, has ended."""
    until = time.monotonic() + seconds
    while Path(f"/proc/{pid}/stat").exists():
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":
            return
        assert time.monotonic() < until, f"process {pid} lives"
        time.sleep(0.01)


def reports_in(folder: Path) -> list[Report]:
    """The reports of the attempt in a folder."""
    return reports_of(JobHandle("j", "r", 1, JobTypes.LAUNCH_TRAINING, str(folder)))
