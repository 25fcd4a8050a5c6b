"""The one clock of a pass: a moment that the server named, and monotonic time since then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic


@dataclass(frozen=True, slots=True)
class PassClock:
    """Tells the time since a known moment; setting the machine's clock does not move it.

    Args:
        started_at: What time it was when this clock was made; aware, UTC.
        count: Seconds that only ever grow.

    """

    started_at: datetime
    count: Callable[[], float] = monotonic
    _origin: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_origin", self.count())

    def now(self) -> datetime:
        """The present moment."""
        return self.started_at + timedelta(seconds=self.count() - self._origin)
