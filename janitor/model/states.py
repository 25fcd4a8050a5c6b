"""The states of a run: ours, and W&B's."""

from __future__ import annotations

from enum import StrEnum


class SweepRunState(StrEnum):
    """The state of a run of a sweep, as in its own summary under ``protein.state``."""

    INITIALIZING = "initializing"
    """Setting up, loading previous runs."""
    RUNNING = "running"
    """Training in progress."""
    EVALUATING = "evaluating"
    """Evaluation in progress."""
    SUCCESS = "success"
    """Completed, with an observation recorded."""
    FAILURE = "failure"
    """Failed with an error."""
    TIMEOUT = "timeout"
    """No heartbeat."""
    CRASHED = "crashed"
    """Unexpected termination."""
    CANCELLED = "cancelled"
    """Ended by a person."""

    @property
    def is_open(self) -> bool:
        """Whether the run is still expected to do something."""
        return self in _OPEN


_OPEN = frozenset({SweepRunState.INITIALIZING, SweepRunState.RUNNING, SweepRunState.EVALUATING})


class WandbState(str):
    """W&B's own state of a run: any text, because servers may add new ones."""

    __slots__ = ()

    @property
    def has_ended(self) -> bool:
        """Whether W&B says that the run's process has ended. An unknown state may be alive."""
        return self in ENDED


ENDED = frozenset({"finished", "failed", "crashed", "killed", "preempted"})
"""W&B's states of runs whose process has ended."""
