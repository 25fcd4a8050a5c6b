"""What SIGTERM means for the state of a run, also if the process survives it."""

from __future__ import annotations

from typing import Any

from janitor.lifecycle.exit_hooks import GUARD
from janitor.lifecycle.run_state import Stored
from janitor.lifecycle.settings import Settings
from janitor.model import SweepRunState

SIGTERM_CODE = 143
"""The exit code that shells report for a process which SIGTERM ended."""
SIGTERM_ERROR = "SIGTERM: the process was terminated"
SIGNAL_PATIENCE = 1.0
"""Seconds that the SIGTERM handler waits for another thread's write."""
SIGTERM_GRACE = 120.0
"""Seconds after SIGTERM before a heartbeat shows that the process was not terminated. Longer than
the 30 s after which Kubernetes and Slurm kill."""


class Sigterm:
    """The SIGTERM that one run received, if any."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._before: tuple[SweepRunState, float] | None = None
        """The open state that SIGTERM ended, and when, in seconds of the monotonic clock."""

    def came(self, open_state: SweepRunState) -> None:
        """SIGTERM ends this open state now."""
        self._before = open_state, self._settings.clock.monotonic()

    def forget(self) -> None:
        """Forget the signal: another run is tracked from now on."""
        self._before = None

    def wrote(self, stored: Stored) -> bool:
        """Whether the state was written on a SIGTERM that this process has survived."""
        return (
            GUARD.has_survived_sigterm
            and stored.state is self._settings.on_sigterm
            and stored.error == SIGTERM_ERROR
        )

    def take_outlived(self, now: float) -> SweepRunState | None:
        """The state before SIGTERM, once it is clear that the process goes on; then forget it."""
        before = self._before
        if before is None or now - before[1] <= SIGTERM_GRACE:
            return None
        self._before = None
        return before[0]

    def state_of_exit(self, state: SweepRunState, code: Any) -> SweepRunState:
        """The state of an exit: for the code of SIGTERM, what the script has set for SIGTERM."""
        return self._settings.on_sigterm or state if code == SIGTERM_CODE else state
