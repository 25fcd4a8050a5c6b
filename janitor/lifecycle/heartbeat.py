"""How often a heartbeat is written, and the thread that beats while a long call runs."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHORTEST_PAUSE = 0.05
"""Seconds that the beating thread waits at least, whatever the interval."""
FIRST_RETRY = 1.0
"""Seconds until the second try after a failure; the first one is the very next call."""


class Pace:
    """When the next heartbeat is due, in seconds of a monotonic clock."""

    __slots__ = ("_failures", "_interval", "due")

    def __init__(self, interval: float) -> None:
        self.due = -math.inf
        self._interval = interval
        self._failures = 0

    def take(self, now: float) -> None:
        """A thread goes to write the heartbeat that is due: the others need not."""
        self.due = now + self._interval

    def wrote(self, now: float) -> None:
        """A heartbeat was written: the next one in an interval."""
        self._failures = 0
        self.due = now + self._interval

    def failed(self, now: float) -> None:
        """It could not be: try with the next call, then after 1, 2, 4, … seconds."""
        delay = FIRST_RETRY * 2 ** (self._failures - 1) if self._failures else 0
        self._failures = min(self._failures + 1, 32)
        self.due = now + min(delay, self._interval)

    def stop(self) -> None:
        """Never again."""
        self.due = math.inf


@contextmanager
def beating(beat: Callable[[], None], interval: float) -> Iterator[None]:
    """Call ``beat`` now and every ``interval`` seconds from a thread, until the block ends."""
    stop = threading.Event()

    def loop() -> None:
        beat()
        while not stop.wait(max(interval, SHORTEST_PAUSE)):
            beat()

    thread = threading.Thread(target=loop, name="janitor-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        # A beat that hangs on the network must not hold the training up.
        thread.join(timeout=1.0)
