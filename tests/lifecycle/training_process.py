"""Training processes: forks of a nursery, handled as if they were our own children."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO

NURSERY = Path(__file__).with_name("nursery.py")


class Training:
    """A training process, with what ``subprocess.Popen`` offers for one."""

    def __init__(self, code: str, environment: Mapping[str, str], folder: Path) -> None:
        birth = {"code": code, "environment": dict(environment), "folder": str(folder)}
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        ours, theirs = socket.socketpair()
        self._stderr: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed after its end
        files = [theirs_in, theirs_out, self._stderr.fileno(), theirs.fileno()]
        _nursery().bear(json.dumps(birth).encode(), files)
        os.close(theirs_in)
        os.close(theirs_out)
        theirs.close()
        self.stdin: IO[str] = os.fdopen(ours_in, "w")
        self.stdout: IO[str] = os.fdopen(ours_out)
        self._life = ours
        self._told = ours.makefile()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def communicate(self, said: str = "", timeout: float | None = None) -> tuple[str, str]:
        """Send ``said`` and the end of its stdin, and wait; what it printed since, and its stderr.

        Raises:
            TimeoutError: it goes on.

        """
        if self.returncode is not None:
            return "", ""
        with self.stdin:
            self.stdin.write(said)
        self._life.settimeout(timeout)
        self.returncode = int(self._told.readline())
        with self.stdout, self._stderr, self._life, self._told:
            self._stderr.seek(0)
            return self.stdout.read(), self._stderr.read()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless its end has been seen."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless its end has been seen."""
        self.send_signal(signal.SIGKILL)


class _Nursery:
    def __init__(self) -> None:
        self._door, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
        with theirs:
            subprocess.Popen(
                [sys.executable, str(NURSERY), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=kept,
            )
        self._lock = threading.Lock()

    def bear(self, message: bytes, files: list[int]) -> None:
        with self._lock:
            socket.send_fds(self._door, [message], files)

    def close(self) -> None:
        self._door.close()


@cache
def _nursery() -> _Nursery:
    nursery = _Nursery()
    atexit.register(nursery.close)
    return nursery
