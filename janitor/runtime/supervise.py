"""Child processes in groups of their own: signalled as a group, and ended within a grace period.

A group holds a process and all that it starts. The id of the group is that of its first process.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from threading import Event
from time import monotonic
from typing import Any, Final

_LOOK_UP: Final = 0.05
"""Seconds between two looks at processes that were asked to end."""


def start_group(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, so that Ctrl+C at a terminal does not reach it.

    Args:
        command: The program and its arguments.
        options: As for :class:`subprocess.Popen`.

    Raises:
        OSError: it cannot be started.

    """
    return subprocess.Popen(command, start_new_session=True, **options)  # noqa: S603 - callers run what their users asked for


def signal_group(leader: int, number: int) -> bool:
    """Send a signal to a group; False if none of its processes exists. Signal 0 only asks.

    Raises:
        PermissionError: its processes belong to another user.

    """
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return False
    return True


def end_group(leader: int, grace: float, has_ended: Callable[[], bool]) -> None:
    """Ask a group to end with SIGTERM; kill what is left of it after the grace period.

    Args:
        leader: The group.
        grace: Seconds.
        has_ended: Whether its first process has ended. A child has to be waited for, or it would
            stay in the group as a zombie.

    """
    end = monotonic() + grace
    signal_group(leader, signal.SIGTERM)
    while (not has_ended() or signal_group(leader, 0)) and monotonic() < end:
        Event().wait(_LOOK_UP)
    signal_group(leader, signal.SIGKILL)
