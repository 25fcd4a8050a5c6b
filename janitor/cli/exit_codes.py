"""The exit codes, and which one is used if several apply."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with."""

    DONE = 0
    FAILED = 1
    """Something failed, a target was unknown, or a scan was incomplete; the rest was done."""
    USAGE = 2
    """Bad usage or configuration, or no target could be resolved."""
    BRAKE = 3
    """A limit was exceeded; nothing was written."""
    PENDING = 4
    """Changes are pending; only with ``--exit-code`` on a dry run or a plan."""
    INTERRUPTED = 130
    """By SIGINT."""
    TERMINATED = 143
    """By SIGTERM."""


PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.USAGE,
    ExitCode.BRAKE,
    ExitCode.FAILED,
    ExitCode.PENDING,
    ExitCode.DONE,
)


def first_that_applies(*codes: ExitCode) -> ExitCode:
    """The code to exit with, of those that apply; ``DONE`` if none does."""
    return min(codes, key=PRECEDENCE.index, default=ExitCode.DONE)
