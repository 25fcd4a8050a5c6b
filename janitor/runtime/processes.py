"""Processes of this machine and of others: their identity, and whether they are alive. Uses psutil.

A process id alone does not identify a process: ids are reused, start again in each container, and
mean nothing on another machine. So a process is recorded with its host and its start. psutil is
imported when it is used: a pass that writes nothing does without.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from janitor.model import Liveness

_SAME_START: Final = 0.05
"""Seconds. The kernel counts starts in hundredths. Changes of the clock do not matter, because
starts are compared as seconds after boot."""


class ProcessIdentity(BaseModel):
    """One process, distinct from every other process that ever has the same id."""

    model_config = ConfigDict(frozen=True, extra="allow")

    pid: int
    host: str
    """The machine's name."""
    created_at: float
    """Seconds since the epoch by that machine's clock, for people."""
    since_boot: float
    """Seconds from the machine's boot to the process's start. This is compared."""
    boot_id: str | None = None
    """The id of that boot; None if the system has none."""
    pid_namespace: str | None = None
    """The namespace of the process id (one per container); None if the system has none."""

    @classmethod
    def of(cls, number: int) -> Self:
        """The process with this id, here and now.

        Raises:
            ProcessLookupError: the process does not exist.

        """
        import psutil

        try:
            created_at = psutil.Process(number).create_time()
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(f"process {number} does not exist") from error
        return cls(
            pid=number,
            host=host_name(),
            created_at=created_at,
            since_boot=round(created_at - psutil.boot_time(), 3),
            boot_id=_boot_id(),
            pid_namespace=_pid_namespace(),
        )

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    @property
    def is_this_process(self) -> bool:
        """Whether it is the process that asks."""
        this = this_process()
        return all(getattr(self, name) == getattr(this, name) for name in type(this).model_fields)

    def liveness(self) -> Liveness:
        """Whether it is alive; unknown for a process of another machine or container."""
        if self.host != host_name() or _differ(self.pid_namespace, _pid_namespace()):
            return Liveness.UNKNOWN
        if _differ(self.boot_id, _boot_id()):
            return Liveness.DEAD
        import psutil

        try:
            found = psutil.Process(self.pid)
            started = found.create_time() - psutil.boot_time()
            if abs(started - self.since_boot) > _SAME_START:
                return Liveness.DEAD  # another process has this id now
            over = found.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        except psutil.NoSuchProcess:
            # Some systems hide other users' processes; a signal would still find them.
            return Liveness.UNKNOWN if psutil.pid_exists(self.pid) else Liveness.DEAD
        except psutil.Error:
            return Liveness.UNKNOWN
        return Liveness.DEAD if over else Liveness.ALIVE


def this_process() -> ProcessIdentity:
    """The calling process; read once, and again after a fork."""
    return _remembered(os.getpid())


@cache
def _remembered(pid: int) -> ProcessIdentity:
    return ProcessIdentity.of(pid)


def processes_with(variable: str, value: str) -> list[int]:
    """The living processes of this machine whose environment has this variable, without our own.

    Those of other users cannot be read, and are left out. Systems without /proc have none.
    """
    import psutil

    wanted = os.fsencode(f"{variable}={value}")
    found = []
    for number in psutil.pids():
        try:
            environment = Path(f"/proc/{number}/environ").read_bytes()
        except OSError:
            continue  # it ended meanwhile, or is another user's
        if number != os.getpid() and wanted in environment.split(b"\0"):
            found.append(number)
    return found


def host_name() -> str:
    """The name of this machine."""
    return socket.gethostname()


def _differ(left: str | None, right: str | None) -> bool:
    return left is not None and right is not None and left != right


@cache
def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


def _pid_namespace() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return None
