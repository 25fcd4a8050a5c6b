"""The clock of a pass: a moment that the server named, and monotonic time since then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic


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
    count: Callable[[], float] = monotonic
    _origin: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_origin", self.count())

    def now(self) -> datetime:
        """The current time."""
        return self.started_at + timedelta(seconds=self.count() - self._origin)
