"""How old a fresh read may be when a write rests on it.

W&B has no compare-and-set. Whatever somebody writes between the read and the write is covered by
the write, and no later read shows it. So the age of the read is limited right before the journal
entry and again right before the request. A read that is too old is read again and judged again.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

from janitor.runtime.clock import boottime

MAX_READ_AGE: Final = 2.0
"""Seconds. Several round trips of a healthy server, and far below the 15 seconds between two posts
of the wandb SDK."""
_SLOWEST: Final = 10.0
"""Seconds. A server whose quickest reads take longer than half of this is not written to."""


class ReadAge:
    """Measures reads, and says which are too old for a write. Safe from many threads.

    The age counts from the moment at which the read was asked for, so retries of the read, time in
    a queue and a suspension while the answer was on its way are part of it. On a slow server the
    limit is two round trips, by the quickest of at least two reads, one after the other: one
    slow read, or several at once, prove nothing about the server.

    Args:
        limit: Seconds.
        count: Seconds that also count while the machine is suspended.

    """

    def __init__(self, limit: float = MAX_READ_AGE, count: Callable[[], float] = boottime) -> None:
        self._limit = limit
        self._count = count
        self._lock = Lock()
        self._reads = 0
        self._quickest = float("inf")
        self._counted_until = float("-inf")

    def now(self) -> float:
        """The moment at which a read begins."""
        return self._count()

    def since(self, began: float) -> float:
        """Seconds since a read began."""
        return self._count() - began

    def answered(self, began: float) -> None:
        """Learn from a read that was answered just now."""
        now = self.now()
        with self._lock:
            if began >= self._counted_until:  # reads that one suspension delayed count as one
                self._reads += 1
                self._counted_until = now
            self._quickest = min(self._quickest, now - began)

    @property
    def limit(self) -> float:
        """Seconds that a read may be old."""
        with self._lock:
            if self._reads < 2:
                return self._limit
            return max(self._limit, min(2 * self._quickest, _SLOWEST))

    def is_too_old(self, began: float) -> bool:
        """Whether no write may rest on a read that began then."""
        return self.since(began) > self.limit
