"""The clock of the training side. Time is given to the manager, so that tests own it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings of time."""

    now: Callable[[], datetime] = _utc_now
    """The moment, aware, in UTC: what is written."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds that never jump: what paces heartbeats."""
