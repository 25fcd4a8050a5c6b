"""Whether the server takes the janitor's own write for a heartbeat of the run.

W&B does not say. Without that knowledge, a heartbeat that moved while a run was written may be the
run's process, which may have sent a summary too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from janitor.model import RunInfo

_ENOUGH: Final = 2
"""Writes that moved a heartbeat, and none that did not: then the server does it. One alone may be
the run's process."""


def heartbeat_moved(before: RunInfo, after: RunInfo) -> bool:
    """Whether there is another heartbeat; one that is gone is not a sign of life.

    A task's heartbeat is its assignment, which the write itself may have removed.
    """
    return after.heartbeat_at is not None and bool(before.heartbeat_at != after.heartbeat_at)


def grew(before: RunInfo, after: RunInfo) -> bool:
    """Whether the run logged between two reads."""
    return (after.history_lines or 0) > (before.history_lines or 0)


def worked(before: RunInfo, after: RunInfo) -> bool:
    """Whether the run's process did more between two reads than send a heartbeat.

    A run that W&B calls crashed now, and of which nothing else changed, did nothing: W&B gave it
    up for its silence.
    """
    if before.history_lines != after.history_lines:
        return True
    if before.wandb_state == after.wandb_state:
        return False
    fell_silent = after.wandb_state == "crashed" and before.heartbeat_at is not None
    return not (fell_silent and not heartbeat_moved(before, after))


@dataclass(slots=True)
class Heartbeats:
    """What the writes of this pass did to heartbeats. Safe from many threads."""

    _moved: int = 0
    _still: int = 0
    _lock: Lock = field(default_factory=Lock)

    def observe(self, before: RunInfo, after: RunInfo) -> None:
        """Learn from a run as it was before a write and as it was read back."""
        if before.heartbeat_at is None or worked(before, after):
            return
        with self._lock:
            if heartbeat_moved(before, after):
                self._moved += 1
            else:
                self._still += 1

    def show_life(self, before: RunInfo, after: RunInfo) -> bool:
        """Whether the run's process may have sent a heartbeat while the run was written."""
        with self._lock:
            by_writes = self._moved >= _ENOUGH and not self._still
        return heartbeat_moved(before, after) and not by_writes
