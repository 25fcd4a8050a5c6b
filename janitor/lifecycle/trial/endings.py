"""What the end of a job's command means."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any, Final

_TIMEOUT_CODE: Final = 124
"""The exit code of timeout(1) when the time is over."""


def ending_of(
    code: int, why: str | None, *, is_stop: bool, resources: Mapping[str, Any]
) -> tuple[str, str]:
    """How an attempt ended, and a sentence.

    Args:
        code: The exit code; negative for a signal.
        why: Why the worker ended the command; see :class:`~janitor.lifecycle.trial.child.Child`.
        is_stop: Whether the controller wanted its end.
        resources: The job's limits.

    """
    if why == "timeout" and resources.get("time") is None:
        return "timeout", "its scheduler says that its time limit is reached"
    if why == "timeout":
        return "timeout", f"it ran longer than its time limit of {resources['time']:g} s"
    if why == "memory":
        return "failed", f"it used more memory than its limit of {resources.get('memory'):,} bytes"
    number = -code if code < 0 else code - 128 if 128 < code < 128 + signal.NSIG else None
    if is_stop and (why == "signal" or number is not None):
        return "stopped", "the controller stopped it"
    if why == "signal":  # also with exit code 0: it may have stopped halfway, as it was asked to
        return "preempted", "its worker was asked to end (SIGTERM), not by the controller"
    return _by_itself(code, number)


def _by_itself(code: int, number: int | None) -> tuple[str, str]:
    """The meaning of an end that the worker did not cause; ``number`` is that of a signal."""
    if code == 0:
        return "ok", "it ended with exit code 0"
    if number is not None:
        return "lost", f"it was ended by {_name(number)}"
    if code == _TIMEOUT_CODE:
        return "timeout", f"it ended with exit code {code}, which means a timeout"
    return "failed", f"it ended with exit code {code}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
