"""A process that has imported wandb: each training is a fork of it, which saves the import.

``python nursery.py FD`` takes births from the socket FD, one a message: JSON with ``code``,
``environment`` and ``folder``, and four file descriptors: stdin, stdout, stderr, and a socket that
is told the process's id and, once it has ended, its return code. The training goes on as the main
program of its process, so that it ends as every program does.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from typing import Any

LARGEST = 2**17
"""Bytes of a message."""


def take_births(door: socket.socket) -> dict[str, Any] | None:
    """Take births until the door closes. In a training's own process, returns its birth."""
    while True:
        message, files, _, _ = socket.recv_fds(door, LARGEST, 4)
        if not message:
            return None
        birth: dict[str, Any] = json.loads(message)
        if os.fork() == 0:
            door.close()
            _fork_training(birth, *files)
            return birth
        for file in files:
            os.close(file)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass


def _fork_training(birth: dict[str, Any], stdin: int, stdout: int, stderr: int, told: int) -> None:
    """Fork the training, and report its life; returns only in the training."""
    process = os.fork()
    if process == 0:
        for standard, file in enumerate((stdin, stdout, stderr)):
            os.dup2(file, standard)
        for file in (stdin, stdout, stderr, told):
            os.close(file)
        os.chdir(birth["folder"])
        os.environ.clear()
        os.environ.update(birth["environment"])
        return
    for file in (stdin, stdout, stderr):
        os.close(file)
    os.write(told, f"{process}\n".encode())
    _, status = os.waitpid(process, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    import wandb  # noqa: F401 - so that no training has to

    import janitor.lifecycle  # noqa: F401 - so that no training has to

    born = take_births(socket.socket(fileno=int(sys.argv[1])))
    if born is not None:
        exec(compile(born["code"], "<training>", "exec"), {"__name__": "__main__"})
