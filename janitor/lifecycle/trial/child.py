"""A job's command: started in a process group of its own, watched, limited, ended.

The output goes straight into the log file, not through this process: a command whose worker was
killed goes on undisturbed. The log is cut from outside when it gets large; output that is written
at this very moment may be lost then.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

_LARGEST_LOG: Final = 64 * 1024 * 1024
_KEPT_LOGS: Final = 3
_LOOK_UP: Final = 0.05
_SLOW_LOOK_UP: Final = 1.0
"""Seconds between two looks at what changes slowly: memory, and the size of the log."""
_PSS: Final = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Child:
    """The command of a job.

    Args:
        command: The program and its arguments.
        directory: Where it runs.
        environment: Its whole environment.
        log: Where its output goes.
        locks: The open locks of the attempt and its GPUs. The command inherits them, so they are
            held as long as it lives, even without its worker.

    Raises:
        OSError: it cannot be started.

    """

    def __init__(
        self,
        command: Sequence[str],
        directory: str,
        environment: Mapping[str, str],
        log: Path,
        locks: Sequence[int],
    ) -> None:
        self._log = log
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        output = os.open(log, flags, 0o644)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - it runs what the sweep file says
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
                pass_fds=tuple(locks),
            )
        finally:
            os.close(output)
        self.pid = self._process.pid
        self.why: str | None = None
        """Why the worker ended it: ``timeout``, ``memory`` or ``signal``; None if it did not."""
        self._killed_at: float | None = None

    def signal(self, number: int) -> None:
        """Send a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def end(self, why: str, grace: float) -> None:
        """Ask the group to end; it is killed when the grace period (seconds) is over."""
        if self.why is None:
            self.why = why
            self._killed_at = time.monotonic() + grace
            self.signal(signal.SIGTERM)

    def wait(
        self,
        *,
        seconds: float | None,
        memory: int | None,
        grace: float,
        tick: Callable[[], None],
        on_cut: Callable[[], None],
    ) -> int:
        """Wait for the command, and enforce its limits. Returns its code, negative for a signal.

        What it started and left behind is killed with it.

        Args:
            seconds: How long it may run; None for no limit.
            memory: Bytes that its group may use; None for no limit.
            grace: Seconds between SIGTERM and SIGKILL.
            tick: Called often.
            on_cut: Called right before the log is emptied.

        """
        started = time.monotonic()
        next_look = started
        while True:
            try:
                code = self._process.wait(_LOOK_UP)
            except subprocess.TimeoutExpired:
                pass
            else:
                self.signal(signal.SIGKILL)  # what it left behind
                return code
            tick()
            now = time.monotonic()
            if seconds is not None and now - started > seconds:
                self.end("timeout", grace)
            if now >= next_look:
                next_look = now + _SLOW_LOOK_UP
                if memory is not None and memory_of_group(self.pid, memory) > memory:
                    self.end("memory", 0.0)
                self._cut_log(on_cut)
            if self._killed_at is not None and now >= self._killed_at:
                self.signal(signal.SIGKILL)

    def _cut_log(self, on_cut: Callable[[], None]) -> None:
        """Keep the last logs; empty the one that the command writes to."""
        try:
            if self._log.stat().st_size <= _LARGEST_LOG:
                return
            for number in range(_KEPT_LOGS - 1, 0, -1):
                older = self._log.with_name(f"log.{number}")
                if older.exists():
                    older.replace(self._log.with_name(f"log.{number + 1}"))
            with contextlib.suppress(OSError):  # a full disk: then only the newest part is kept
                shutil.copyfile(self._log, self._log.with_name("log.1"))
            on_cut()
            os.truncate(self._log, 0)
        except OSError:
            return


def memory_of_group(group: int, limit: int) -> int:
    """Bytes of memory that the processes of a group hold.

    The resident set sizes (proc(5), stat: rss) are quick to read, but count what processes share
    once for each. If their sum is beyond the limit, the proportional set sizes count (smaps_rollup:
    Pss), where they can be read.
    """
    resident = dict(_resident(group))
    if sum(resident.values()) <= limit:
        return sum(resident.values())
    return sum(_proportional(place) or size for place, size in resident.items())


def _resident(group: int) -> Iterator[tuple[Path, int]]:
    for place in Path("/proc").iterdir():
        if not place.name.isdecimal():
            continue
        try:
            fields = (place / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[2]) == group:
            yield place, int(fields[21]) * _PAGE


def _proportional(place: Path) -> int | None:
    """A process's proportional set size in bytes; None if it cannot be read."""
    try:
        text = (place / "smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return None
    found = _PSS.search(text)
    return None if found is None else int(found[1]) * 1024
