"""The settings of a manager, as its trackers use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from janitor.lifecycle.clock import Clock
from janitor.model import SweepRunState

TRIAL_RUN: Final = "JANITOR_TRIAL_RUN"
"""Names the run of the trial that a process works on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training script has set for its run's state."""

    namespace: str = "protein"
    timeout: timedelta = timedelta(minutes=30)
    heartbeat_interval: float = 30.0
    """Seconds."""
    on_sigterm: SweepRunState | None = SweepRunState.CRASHED
    is_silent: bool = False
    """Whether the caller said that another process reports for the run."""
    launcher_rank: int = 0
    """The rank that a launcher's variables name; shared runs are left to rank 0."""
    clock: Clock = field(default_factory=Clock)
    trial_run: str = ""
    """The run of the sweep controller's trial that this process works on; empty outside of one. The
    controller decides when it has ended, so its state stays open here."""
