"""Ends a pass early: after a signal, or at its deadline."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from time import monotonic
from typing import Final, Literal

from janitor.errors import EndedEarlyError

_PAGES_END: Final = 2.0
"""Seconds after which a pass that was asked to end waits for no page any more."""

Interruption = Literal["SIGTERM", "SIGINT", "deadline"]


class Interrupter:
    """Remembers the first thing that asked the pass to end.

    Args:
        deadline: How long the pass may take; None for no limit.

    """

    def __init__(self, deadline: timedelta | None = None) -> None:
        self._reason: Interruption | None = None
        self._asked = Event()
        self._asked_at = 0.0
        self._until = None if deadline is None else monotonic() + deadline.total_seconds()

    def ask(self, reason: Interruption) -> bool:
        """Ask the pass to end; False if it was asked before."""
        if self._asked.is_set():
            return False
        self._reason = reason
        self._asked_at = monotonic()
        self._asked.set()
        return True

    def reason(self) -> Interruption | None:
        """What ended the pass; None if nothing did."""
        if self._reason is None and self._until is not None and monotonic() >= self._until:
            self.ask("deadline")
        return self._reason

    def asked(self) -> bool:
        """Whether the pass was asked to end, so that nothing new may begin."""
        return self.reason() is not None

    def patience(self, seconds: float) -> float | None:
        """What is left of these seconds since the pass was asked to end; None if it was not."""
        if self.reason() is None:
            return None
        return max(0.0, self._asked_at + seconds - monotonic())

    def page_patience(self) -> float | None:
        """How many seconds a page may still be waited for; None for as long as it takes."""
        return self.patience(_PAGES_END)

    def ended_early(self) -> EndedEarlyError:
        """The error of a pass that was asked to end before it began."""
        reason = self.reason()
        return EndedEarlyError(
            f"ended by {reason} before anything was read; nothing was written", reason=reason
        )

    def sleep(self, seconds: float) -> None:
        """Wait, at most until the pass must end."""
        if self._until is not None:
            seconds = min(seconds, max(0.0, self._until - monotonic()))
        self._asked.wait(seconds)
