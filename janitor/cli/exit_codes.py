"""The exit codes, and which one is used if several apply."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with. The docstrings are the table in the documentation."""

    DONE = 0
    """Everything was done as requested."""
    FAILED = 1
    """Something failed, the server did not answer, a target was unknown or could not be read
    completely, or the outage guard (stand-down) was active. Everything else was done."""
    USAGE = 2
    """Invalid usage, settings or credentials, or none of the targets is known. Nothing was done."""
    BRAKE = 3
    """The brake stopped the pass: a limit was exceeded and nothing was written."""
    PENDING = 4
    """Changes are pending. Only with ``--exit-code``, on a dry run or ``plan``."""
    SWEEP_DONE = 5
    """The sweep is done: nothing is open, and nothing will come. Only ``sweep step``."""
    REGRESSION = 6
    """A sweep is worse than its baseline, beyond luck. Only ``sweep compare --regression``."""
    INTERRUPTED = 130
    """Interrupted by SIGINT (Ctrl-C)."""
    TERMINATED = 143
    """Terminated by SIGTERM."""


PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.USAGE,
    ExitCode.BRAKE,
    ExitCode.FAILED,
    ExitCode.PENDING,
    ExitCode.SWEEP_DONE,
    ExitCode.REGRESSION,
    ExitCode.DONE,
)


def first_that_applies(*codes: ExitCode) -> ExitCode:
    """The code to exit with, of those that apply; ``DONE`` if none does."""
    return min(codes, key=PRECEDENCE.index, default=ExitCode.DONE)
