"""Processes of this machine and of others: who they are, and whether they live. By psutil.

A number alone names no process: numbers are given out again, start anew in each container, and
mean nothing on another machine. So a process is remembered with its host and its start.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path
from typing import Final, Self

import psutil
from pydantic import BaseModel, ConfigDict

from janitor.model import Liveness

_SAME_START: Final = 0.05
"""Seconds. The kernel counts starts in hundredths; clocks that are set meanwhile do not matter,
since starts are compared as seconds after boot."""


class ProcessIdentity(BaseModel):
    """One process, told apart from every other that ever bears its number."""

    model_config = ConfigDict(frozen=True, extra="allow")

    pid: int
    host: str
    """The machine's name."""
    created_at: float
    """Seconds since the epoch, by that machine's clock; for people."""
    since_boot: float
    """Seconds from the machine's boot to the process's start; what is compared."""
    boot_id: str | None = None
    """Which boot that was; None where the system does not tell."""
    pid_namespace: str | None = None
    """Within which numbers count (one a container); None where the system does not tell."""

    @classmethod
    def of(cls, number: int) -> Self:
        """The process with this number here and now.

        Raises:
            ProcessLookupError: there is no such process.

        """
        try:
            created_at = psutil.Process(number).create_time()
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(f"there is no process {number}") from error
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
        """Whether it lives; unknown for a process of another machine or container."""
        if self.host != host_name() or _differ(self.pid_namespace, _pid_namespace()):
            return Liveness.UNKNOWN
        if _differ(self.boot_id, _boot_id()):
            return Liveness.DEAD
        try:
            found = psutil.Process(self.pid)
            started = found.create_time() - psutil.boot_time()
            if abs(started - self.since_boot) > _SAME_START:
                return Liveness.DEAD  # another process has the number now
            over = found.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        except psutil.NoSuchProcess:
            # Some systems hide other users' processes; a signal would still find them.
            return Liveness.UNKNOWN if psutil.pid_exists(self.pid) else Liveness.DEAD
        except psutil.Error:
            return Liveness.UNKNOWN
        return Liveness.DEAD if over else Liveness.ALIVE


def this_process() -> ProcessIdentity:
    """The process that asks; read once, and again after a fork."""
    return _remembered(os.getpid())


@cache
def _remembered(pid: int) -> ProcessIdentity:
    return ProcessIdentity.of(pid)


def host_name() -> str:
    """The name of the machine on which this runs."""
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
