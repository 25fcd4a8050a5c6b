"""The clock of the training side. The manager takes it as an argument, so tests control time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Two ways to read the time."""

    now: Callable[[], datetime] = _utc_now
    """The current time, aware, in UTC: what is written."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds that never jump: for the pace of heartbeats."""
