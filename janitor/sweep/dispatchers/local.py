"""LocalDispatcher: jobs as processes of this machine that outlive the controller.

A job is a worker process in a session of its own (:mod:`janitor.lifecycle.trial`). Whether it lives
is proved by the lock in its attempt's folder, which the worker and its command hold; who it is, by
its claim. So a job is found again after the controller, the worker, or both were killed.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Event
from time import monotonic, time
from typing import Any, Final

from janitor.errors import DispatchError, JobRefusedError
from janitor.model import Liveness
from janitor.model.jobs import JobDefinition, JobHandle, JobObservation, JobPhase
from janitor.runtime.processes import ProcessIdentity, host_name, processes_with
from janitor.runtime.supervise import signal_group, start_group
from janitor.storage import strict_json
from janitor.storage.atomic import write_atomically
from janitor.storage.untrusted import read_untrusted
from janitor.sweep.ports import Dispatcher
from janitor.tasks.gpu_locks import FOLDER as GPU_LOCKS

WORKER: Final = (sys.executable, "-m", "janitor.lifecycle.trial")
_LOOK_UP: Final = 0.05
"""Seconds between two looks at jobs that are waited for."""
_LARGEST: Final = 16 * 1024 * 1024


class LocalDispatcher:
    """Starts jobs on this machine, and finds them again.

    Args:
        root: The store's folder; the locks of the GPUs are in ``.gpu_locks`` below it.
        gpus: How many GPUs the machine gives to jobs.
        worker: The command of the worker; the path of its job file follows.

    """

    name = "local"
    lost_dwell = 0.0

    def __init__(self, root: Path, *, gpus: int = 0, worker: Sequence[str] = WORKER) -> None:
        self._root = root
        self._gpus = gpus
        self._worker = tuple(worker)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        """The workers that this process started and that live, by the attempt's folder."""

    def dispatch(self, job: JobDefinition) -> bool:
        """Start the job's worker; False if the job is there or was.

        Raises:
            JobRefusedError: it needs more GPUs than jobs may have.
            DispatchError: it cannot be started.

        """
        folder = Path(job.folder)
        self._reap()
        if job.folder in self._children or _is_locked(folder):
            return False
        if (folder / "exit.json").exists() or _claim_file(folder).exists():
            return False
        if job.resources.gpus > self._gpus:
            raise JobRefusedError(
                f"{job.name} needs {job.resources.gpus} GPUs, and dispatch.local.gpus is"
                f" {self._gpus}"
            )
        if left := _processes_of(folder):
            raise DispatchError(
                f"{job.name} has a living process ({left[0]}), although its folder shows no"
                " worker: its files were deleted; end the process first"
            )
        path = folder / "job.json"
        write_atomically(path, strict_json.dumps(self._document(job)) + "\n", error=DispatchError)
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("JANITOR_")
        }
        try:
            with (folder / "wrapper.log").open("ab") as output:
                child = start_group(
                    [*self._worker, str(path)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment,
                    cwd=folder,
                )
        except OSError as error:
            raise DispatchError(f"cannot start {job.name}: {error.strerror or error}") from error
        self._children[job.folder] = child
        return True

    def _document(self, job: JobDefinition) -> dict[str, Any]:
        locks = [str(self._root / GPU_LOCKS / f"gpu_{number}.lock") for number in range(self._gpus)]
        return {"version": 1, "job": asdict(job), "local": {"gpu_locks": locks, "cpus": None}}

    def observe(self, jobs: Sequence[JobHandle]) -> Mapping[str, JobObservation]:
        """The state of each job, from its folder and this machine's processes."""
        self._reap()
        return {job.name: _observed(job) for job in jobs}

    def find(self, runs: Iterable[str]) -> Sequence[str]:
        """None: a local job is found by its folder, and nowhere else."""
        del runs
        return ()

    def cancel(self, job: JobHandle) -> None:
        """Send SIGTERM to the worker, which passes it on and kills after the grace period.

        If the worker is gone and its command lives, the command gets SIGTERM, and SIGKILL when the
        grace period is over at a later call.
        """
        folder = Path(job.folder)
        if (folder / "exit.json").exists():
            return
        claim = _read(_claim_file(folder))
        worker = _identity(claim)
        if _is_locked(folder) and worker is not None and worker.liveness() is Liveness.ALIVE:
            _signal(worker.pid, signal.SIGTERM)
            return
        for process in _processes_of(folder):
            asked = folder / "cancelled"
            is_late = asked.exists() and time() - asked.stat().st_mtime > _grace(folder)
            asked.touch()
            _signal_group_of(process, signal.SIGKILL if is_late else signal.SIGTERM)

    def logs(self, job: JobHandle) -> Sequence[Path]:
        """The files of the output, the oldest first."""
        folder = Path(job.folder)
        rotated = sorted(
            folder.glob("log.[0-9]*"), key=lambda path: int(path.suffix[1:]), reverse=True
        )
        return [*rotated, *([folder / "log"] if (folder / "log").exists() else [])]

    def wait(self, jobs: Sequence[JobHandle], seconds: float) -> None:
        """Wait for this time, or until one of the jobs ends."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if any(_has_ended(Path(job.folder)) for job in jobs):
                return
            Event().wait(min(_LOOK_UP, left))

    def _reap(self) -> None:
        """Take back the exit codes of workers that ended, so that no zombies stay."""
        self._children = {
            folder: child for folder, child in self._children.items() if child.poll() is None
        }


def _observed(job: JobHandle) -> JobObservation:
    try:
        return _observe(job)
    except DispatchError as error:
        return JobObservation(job.name, JobPhase.UNKNOWN, reason=str(error))


def _observe(job: JobHandle) -> JobObservation:
    folder = Path(job.folder)
    claim = _read(_claim_file(folder))
    host = str(claim.get("host", "")) if claim else ""
    if (folder / "exit.json").exists():
        return JobObservation(job.name, JobPhase.ENDED, host=host)
    if host and host != host_name():
        reason = f"it was claimed on {host}, and this is {host_name()}"
        return JobObservation(job.name, JobPhase.UNKNOWN, reason=reason, host=host)
    if _is_locked(folder):
        phase = JobPhase.RUNNING if claim else JobPhase.QUEUED
        return JobObservation(job.name, phase, host=host)
    if (folder / "exit.json").exists():  # it ended between the two looks
        return JobObservation(job.name, JobPhase.ENDED, host=host)
    if (why := _why_it_may_live(folder, claim)) is not None:
        return JobObservation(job.name, JobPhase.UNKNOWN, reason=why, host=host)
    reason = "its process was killed or its machine restarted, and it left no exit marker"
    return JobObservation(job.name, JobPhase.GONE, reason=reason, host=host, gone_for=math.inf)


def _why_it_may_live(folder: Path, claim: Mapping[str, Any] | None) -> str | None:
    """Why a job whose lock is free may be alive; None if it is proved to be gone."""
    identity = _identity(claim)
    liveness = Liveness.DEAD if identity is None else identity.liveness()
    is_proved = (folder / "lock").exists()  # the lock of this machine's kernel is free
    if liveness is Liveness.ALIVE or (liveness is Liveness.UNKNOWN and not is_proved):
        return f"its lock is free, but {identity} may be alive"
    if claim and (left := _processes_of(folder)):
        # It closed the lock, as programs do that start others. Two trainings must not meet.
        return f"its worker is gone, but its process {left[0]} lives: it is lost when that ends"
    return None


def _claim_file(folder: Path) -> Path:
    """The claim, or its copy beside the folder if the trial deleted the folder."""
    path = folder / "claim.json"
    return path if path.exists() else folder.with_name(f"{folder.name}.claim.json")


def _has_ended(folder: Path) -> bool:
    if (folder / "exit.json").exists():
        return True
    return _claim_file(folder).exists() and not _is_locked(folder)


def _is_locked(folder: Path) -> bool:
    """Whether a process holds the attempt's lock.

    The probe takes a shared lock for a moment; a worker that meets it tries again.
    """
    try:
        handle = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DispatchError(f"cannot read {folder / 'lock'}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _read(path: Path) -> Mapping[str, Any] | None:
    """The object in a file of a job's folder; None if there is none, or it is damaged."""
    try:
        document = json.loads(read_untrusted(path, limit=_LARGEST, error=DispatchError))
    except (DispatchError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _identity(claim: Mapping[str, Any] | None) -> ProcessIdentity | None:
    if claim is None:
        return None
    try:
        return ProcessIdentity(
            pid=claim["pid"],
            host=claim["host"],
            created_at=0.0,
            since_boot=claim["since_boot"],
            boot_id=claim.get("boot_id"),
            pid_namespace=claim.get("pid_namespace"),
        )
    except (KeyError, ValueError):
        return None


def _grace(folder: Path) -> float:
    job = (_read(folder / "job.json") or {}).get("job", {})
    grace = job.get("grace") if isinstance(job, dict) else None
    return float(grace) if isinstance(grace, int | float) else 30.0


def _processes_of(folder: Path) -> Sequence[int]:
    """The living processes of the job's command, by what the worker set for them."""
    return processes_with("JANITOR_TRIAL_DIR", str(folder))


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _signal_group_of(pid: int, number: int) -> None:
    try:
        signal_group(os.getpgid(pid), number)
    except (ProcessLookupError, PermissionError):
        return


_conforms: Callable[[Path], Dispatcher] = LocalDispatcher
"""For the type checker."""
