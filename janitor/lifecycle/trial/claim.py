"""The worker's right to an attempt: the lock, the claim, and the reasons to leave it alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from janitor.lifecycle.cluster_job import recorded_job
from janitor.lifecycle.trial.files import read_json, write_once

_OPEN_STATES: Final = frozenset({"initializing", "running", "evaluating"})
_PATIENCE: Final = 2.0
"""Seconds for which the lock is tried: somebody may look at it for a moment."""


def take_lock(path: Path, patience: float = _PATIENCE) -> int | None:
    """The open lock file, locked; None if another process holds it.

    The command inherits it, so the lock is held as long as worker or command live.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(handle)
                return None
            time.sleep(0.02)
        else:
            return handle


def why_not_ours(job: Mapping[str, Any], folder: Path) -> str | None:
    """Why this worker must not run the attempt; None if it may try to claim it."""
    if (folder / "exit.json").exists():
        return "the attempt has ended"
    is_claimed = (folder / "claim.json").exists() or claim_copy(folder).exists()
    if is_claimed and not _continues(folder):
        return "another worker claimed the attempt"
    later = f"{folder.name[: folder.name.rindex('a')]}a{job['attempt'] + 1}"
    if (folder.parent / later).exists():
        return "a later attempt exists"
    summary = (read_json(folder.parent / "summary.json") or {}).get("summary")
    if isinstance(summary, dict):
        namespace = job.get("namespace", "protein")
        state, mark = summary.get(f"{namespace}.state"), summary.get(f"{namespace}.janitor.state")
        if isinstance(state, str) and state not in _OPEN_STATES and state != mark:
            return f"the run has ended: its state is {state}"
    return None


def _continues(folder: Path) -> bool:
    """Whether the claim is of this job of the cluster, which its scheduler has started again."""
    ours, theirs = recorded_job(os.environ), (read_json(folder / "claim.json") or {}).get("job")
    if ours is None or not isinstance(theirs, dict) or not ours["restarts"]:
        return False
    return all(ours[name] == theirs.get(name) for name in ("system", "id", "cluster", "name"))


def is_replaced(folder: Path) -> bool:
    """Whether the scheduler has started this job again elsewhere, because it gave this node up."""
    ours = recorded_job(os.environ)
    if ours is None or not (claims := list(folder.glob("claim.r*.json"))):
        return False
    newest = max(int(path.name.split(".")[1][1:]) for path in claims)
    return newest > int(ours["restarts"])


def claim(job: Mapping[str, Any], folder: Path, backend: str = "local") -> bool:
    """Claim the attempt for this process; False if another worker was faster.

    A job that its scheduler started again claims its own start: ``claim.rN.json``.
    """
    ours = recorded_job(os.environ)
    name = f"claim.r{ours['restarts']}.json" if ours and _continues(folder) else "claim.json"
    document = {
        "run": job["run"],
        "attempt": job["attempt"],
        "kind": job["kind"],
        "nonce": job.get("nonce", ""),
        "at": datetime.now(UTC).isoformat(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since_boot": _since_boot(),
        "boot_id": _text("/proc/sys/kernel/random/boot_id"),
        "pid_namespace": _link("/proc/self/ns/pid"),
        "backend": backend,
        "job": ours,
    }
    if not write_once(folder / name, document):
        return False
    # A trial that deletes its own folder must not be started again and again.
    with contextlib.suppress(OSError):
        write_once(claim_copy(folder), document)
    return True


def claim_copy(folder: Path) -> Path:
    """A second copy of the claim, beside the attempt's folder."""
    return folder.with_name(f"{folder.name}.claim.json")


def _since_boot() -> float:
    """Seconds from the machine's boot to this process's start (proc(5), stat, field 22)."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return round(int(fields[19]) / os.sysconf("SC_CLK_TCK"), 3)
    except (OSError, ValueError, IndexError):
        return 0.0


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return None


def _link(path: str) -> str | None:
    try:
        return str(Path(path).readlink())
    except OSError:
        return None
