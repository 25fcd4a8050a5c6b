"""How often a heartbeat is written, and the thread that sends heartbeats during a long call."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHORTEST_PAUSE = 0.05
"""The minimum number of seconds between two heartbeats of the thread."""
FIRST_RETRY = 1.0
"""Seconds until the second retry after a failure; the first retry is the next call."""


class Pace:
    """When the next heartbeat is due, in seconds of a monotonic clock."""

    __slots__ = ("_failures", "_interval", "due")

    def __init__(self, interval: float) -> None:
        self.due = -math.inf
        self._interval = interval
        self._failures = 0

    def take(self, now: float) -> None:
        """A thread is about to write the heartbeat that is due: the others skip it."""
        self.due = now + self._interval

    def wrote(self, now: float) -> None:
        """A heartbeat was written: the next one is due after the interval."""
        self._failures = 0
        self.due = now + self._interval

    def failed(self, now: float) -> None:
        """It could not be written: retry with the next call, then after 1, 2, 4, … seconds."""
        delay = FIRST_RETRY * 2 ** (self._failures - 1) if self._failures else 0
        self._failures = min(self._failures + 1, 32)
        self.due = now + min(delay, self._interval)

    def stop(self) -> None:
        """Send no more heartbeats."""
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
        # A heartbeat that waits for the network must not delay the training.
        thread.join(timeout=1.0)
