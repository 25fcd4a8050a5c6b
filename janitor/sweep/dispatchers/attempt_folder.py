"""An attempt's folder, as dispatchers of clusters use it: on a file system that the nodes share."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from janitor.errors import DispatchError
from janitor.model.jobs import JobDefinition, JobHandle
from janitor.storage import strict_json
from janitor.storage.atomic import write_atomically
from janitor.storage.untrusted import read_untrusted

_LARGEST: Final = 16 * 1024 * 1024
_LONGEST_NAME: Final = 40


def label_of(name: str, folder: str) -> str:
    """The name of a job at a backend that many sweeps share: deterministic, and of one folder."""
    digest = hashlib.sha256(folder.encode()).hexdigest()[:12]
    return f"{name[-_LONGEST_NAME:].lstrip('.-_')}.{digest}"


def write_job_file(job: JobDefinition, backend: str) -> Path:
    """Write the job file, from which the worker reads what to do.

    Raises:
        DispatchError: it cannot be written.

    """
    path = Path(job.folder) / "job.json"
    document = {"version": 1, "job": asdict(job), "backend": backend}
    write_atomically(path, strict_json.dumps(document) + "\n", error=DispatchError)
    return path


def read_file(path: Path) -> Mapping[str, Any] | None:
    """The object in a file of an attempt's folder; None if there is none, or it is damaged."""
    try:
        document = json.loads(read_untrusted(path, limit=_LARGEST, error=DispatchError))
    except (DispatchError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def has_worker(folder: Path) -> bool:
    """Whether a worker has the attempt, or had it."""
    return (folder / "claim.json").exists() or (folder / "exit.json").exists()


def grace_of(folder: Path) -> float:
    """Seconds between SIGTERM and SIGKILL for the job."""
    job = (read_file(folder / "job.json") or {}).get("job", {})
    grace = job.get("grace") if isinstance(job, dict) else None
    return float(grace) if isinstance(grace, int | float) else 30.0


def logs_of(job: JobHandle) -> list[Path]:
    """The files of the job's output, the oldest first; the worker's own words come before."""
    folder = Path(job.folder)
    rotated = sorted(folder.glob("log.[0-9]*"), key=lambda path: int(path.suffix[1:]), reverse=True)
    return [*rotated, *([folder / "log"] if (folder / "log").exists() else [])]


class Since:
    """For how long something has been seen, by steps that share nothing but a folder.

    The first step that sees it leaves a file. Its age is the difference of two files' times, so the
    clocks of the machines do not matter.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._path = folder, folder / name

    def seconds(self) -> float:
        """Seconds since the first look; 0 at the first one."""
        probe = self._folder / f".now.{os.getpid()}"
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            os.close(handle)
            probe.touch()
            return max(0.0, probe.stat().st_mtime - self._path.stat().st_mtime)
        except OSError:
            return 0.0
        finally:
            probe.unlink(missing_ok=True)

    def forget(self) -> None:
        """It is not so any more."""
        self._path.unlink(missing_ok=True)


def age_of(folder: Path, name: str) -> float | None:
    """Seconds since a file of the folder was written, by the file system's clock."""
    probe = folder / f".now.{os.getpid()}"
    try:
        written = (folder / name).stat().st_mtime
        probe.touch()
        return max(0.0, probe.stat().st_mtime - written)
    except OSError:
        return None
    finally:
        probe.unlink(missing_ok=True)
