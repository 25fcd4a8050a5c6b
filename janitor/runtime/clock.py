"""The clocks of a pass: its time of day, and seconds that also count while it is suspended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

_BOOTTIME: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def boottime() -> float:
    """Seconds that never run backwards, the time in which the machine was suspended included.

    Linux stops ``time.monotonic`` while the machine is suspended; CLOCK_BOOTTIME goes on
    (clock_gettime(2)). Where this clock does not exist, this is ``time.monotonic``.
    """
    return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)


def utc_now() -> datetime:
    """The current time by this machine's clock, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class PassClock:
    """Counts the time since a known moment. Setting the machine's clock does not move it.

    Args:
        started_at: The time when this clock was made; aware, UTC.
        count: Returns seconds that only grow.

    """

    started_at: datetime
    count: Callable[[], float] = boottime
    _origin: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_origin", self.count())

    def now(self) -> datetime:
        """The current time."""
        return self.started_at + timedelta(seconds=self.count() - self._origin)
