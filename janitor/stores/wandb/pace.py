"""One pace for all requests of a pass, as the server asks for it.

The server asks in two ways: it answers HTTP 429, or it names its limit in RateLimit headers. After
a 429 one request goes at a time, with a pause before each; requests that succeed shorten the pause
and let others go beside them again, one by one. By the headers, a pass spreads its requests over
the rest of the period once little of the limit is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import Final

AT_ONCE: Final = 10
"""Requests at once; wandb-core sends no more."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_EASED_AFTER: Final = 10
"""Requests that succeed one after the other before the pace is eased by one step."""
_ASK_AGAIN: Final = 50
"""Requests after which the server is asked again what is left of the limit."""
_LITTLE: Final = 0.2
"""The share of the limit that other programs with the same login are left."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What the server says about its limit."""

    limit: float
    """Requests of a period."""
    remaining: float
    reset: float
    """Seconds until the period ends."""


def rate_limit_of(headers: Mapping[str, str]) -> RateLimit | None:
    """The limit in RateLimit-Limit, -Remaining and -Reset; None if they name none.

    Source: draft-ietf-httpapi-ratelimit-headers-03, which W&B's documentation follows.
    """
    names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    try:
        limit, remaining, reset = (float(headers[name].split(",")[0]) for name in names)
    except (KeyError, ValueError):
        return None
    is_one = limit > 0 and 0 <= remaining <= limit and 0 <= reset < float("inf")
    return RateLimit(limit, remaining, reset) if is_one else None


class Pace:
    """Lets requests go when it is their turn. Safe from many threads.

    Args:
        count: Seconds that only grow.

    """

    def __init__(self, count: Callable[[], float] = time.monotonic) -> None:
        self.throttled = 0
        """How often the server answered that it is asked too often."""
        self.waited = 0.0
        """Seconds that requests waited in total."""
        self._count = count
        self._sleep: Callable[[float], None] = time.sleep
        self._ask: Callable[[], RateLimit | None] = lambda: None
        self._limit: RateLimit | None = None
        self._changed = Condition()
        self._at_once, self._running = AT_ONCE, 0
        self._pause, self._spread, self._next = 0.0, 0.0, 0.0
        self._succeeded, self._since_asked = 0, 0

    def begin(
        self,
        limit: RateLimit | None,
        ask: Callable[[], RateLimit | None],
        sleep: Callable[[float], None],
    ) -> None:
        """Learn the server's limit, how to ask for it again, and how a pass waits."""
        self._ask, self._sleep = ask, sleep
        self._learn(limit)

    def used_percent(self) -> float | None:
        """The share of the limit that is used up now; None if the server names no limit."""
        if self._limit is not None:
            self._learn(self._ask())
        limit = self._limit
        return None if limit is None else round(100 * (1 - limit.remaining / limit.limit), 1)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn; the request is sent in the block."""
        self._ask_again()
        self._wait()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def refused(self) -> None:
        """The server answered that it is asked too often."""
        with self._changed:
            self.throttled += 1
            self._at_once, self._succeeded = 1, 0
            self._pause = min(max(_FIRST_PAUSE, 2 * self._pause), _LONGEST_PAUSE)
            self._next = max(self._next, self._count() + self._pause)

    def succeeded(self) -> None:
        """A request was answered."""
        with self._changed:
            self._succeeded += 1
            if self._at_once < AT_ONCE and self._succeeded >= _EASED_AFTER:
                self._succeeded = 0
                self._pause = self._pause / 2 if self._pause > _FIRST_PAUSE / 4 else 0.0
                self._at_once += self._pause == 0.0
                self._changed.notify_all()

    def _wait(self) -> None:
        began = self._count()
        with self._changed:
            while self._running >= self._at_once:
                self._changed.wait()
            self._running += 1
            now = self._count()
            start = max(now, self._next)
            self._next = start + max(self._pause, self._spread)
        if start > now:
            self._sleep(start - now)
        with self._changed:
            self.waited += self._count() - began

    def _ask_again(self) -> None:
        """Look at the limit from time to time, outside of any request."""
        with self._changed:
            self._since_asked += 1
            is_due = self._limit is not None and self._since_asked >= _ASK_AGAIN
            if is_due:
                self._since_asked = 0
        if is_due:
            self._learn(self._ask())

    def _learn(self, limit: RateLimit | None) -> None:
        with self._changed:
            if limit is None:
                return  # the last word holds
            self._limit = limit
            left = limit.remaining - _LITTLE * limit.limit
            if left >= _ASK_AGAIN:
                self._spread = 0.0
            else:
                self._spread = min(limit.reset / max(left, 1.0), _LONGEST_PAUSE)
