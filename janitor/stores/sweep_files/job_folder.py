"""What an attempt's folder shows: its claim, heartbeat, exit marker, lock and reports."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from janitor.errors import StateFileError
from janitor.model.jobs import AttemptView, JobHandle, Report
from janitor.records.sweep import parse_job_file
from janitor.runtime.processes import host_name, processes_with
from janitor.storage.untrusted import read_untrusted

_LARGEST: Final = 16 * 1024 * 1024
_LARGEST_METRICS: Final = 1024 * 1024 * 1024


def view_of(job: JobHandle) -> AttemptView:
    """What the folder shows now. A file that cannot be read is told in ``damage``."""
    try:
        return _view_of(job)
    except StateFileError as error:
        return AttemptView(job.run, job.attempt, job.kind, damage=str(error))


def _view_of(job: JobHandle) -> AttemptView:
    """The exit marker is read last: it is the last word."""
    folder = Path(job.folder)
    claim = _document(folder / "claim.json")
    if claim is None:  # its trial may have deleted the folder
        claim = _document(claim_copy(folder))
    claimed_ago = _age(folder, "claim.json") if claim is not None else None
    heartbeat_ago = _age(folder, "state.json") if claim is not None else None
    is_locked = _is_locked(folder)
    marker = _document(folder / "exit.json")
    if is_locked is False and claim is not None and marker is None and _may_live(claim, folder):
        is_locked = None
    return AttemptView(
        job.run, job.attempt, job.kind, claim, claimed_ago, heartbeat_ago, marker, is_locked
    )


def claim_copy(folder: Path) -> Path:
    """Where a worker keeps a second copy of its claim: beside the attempt's folder."""
    return folder.with_name(f"{folder.name}.claim.json")


def _may_live(claim: Mapping[str, Any], folder: Path) -> bool:
    """Whether a job may be alive although its lock is free.

    The lock of a worker on another machine says little here, and a command may have closed it.
    """
    is_elsewhere = claim.get("host") != host_name() or claim.get("backend", "local") != "local"
    return is_elsewhere or bool(processes_with("JANITOR_TRIAL_DIR", str(folder)))


def reports_of(job: JobHandle) -> list[Report]:
    """The reports of a job, in order. Damaged lines and a torn last one are left out."""
    path = Path(job.folder) / "metrics.jsonl"
    try:
        data = read_untrusted(path, limit=_LARGEST_METRICS, error=StateFileError)
    except StateFileError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return []
        raise
    found = []
    for line in data.split(b"\n")[:-1]:
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            document = json.loads(line)
            step = document.get("step")
            found.append(
                Report(
                    None if step is None else float(step),
                    dict(document["metrics"]),
                    document.get("at"),
                )
            )
    return found


def _document(path: Path) -> Mapping[str, Any] | None:
    """The object in a worker's file; None if there is none.

    Raises:
        StateFileError: it is damaged or cannot be read: nothing may be concluded from it.

    """
    try:
        return parse_job_file(read_untrusted(path, limit=_LARGEST, error=StateFileError))
    except StateFileError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    except ValueError as error:
        what = ": correct it"
        if path.name == "exit.json":
            what = ": correct it, or delete it, and the attempt counts as lost"
        raise StateFileError(f"{path} is damaged ({error}){what}") from error


def _age(folder: Path, name: str) -> float | None:
    """Seconds since a file was written, by the file system's own clock: two files' mtimes."""
    probe = folder / f".now.{os.getpid()}"
    try:
        probe.touch()
        age = probe.stat().st_mtime - (folder / name).stat().st_mtime
    except OSError:
        return None
    finally:
        probe.unlink(missing_ok=True)
    return max(0.0, age)


def _is_locked(folder: Path) -> bool | None:
    """Whether a process holds the lock; None if there is no lock file.

    The probe holds a shared lock for a moment. A worker that meets it tries again.
    """
    try:
        handle = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateFileError(f"cannot read {folder / 'lock'}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
