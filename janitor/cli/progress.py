"""The progress of a pass: a live display in a terminal, log lines otherwise."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from janitor.pipeline.scan import Observer
from janitor.runtime.log import Logger

if TYPE_CHECKING:
    from rich.console import Console

_log = Logger("janitor.pass")


class LoggedProgress:
    """An observer for pipes, cron and CI: one log line per page, shown with ``-v``."""

    def scanned(self, target: str, seen: int, expected: int | None) -> None:
        """A page of a target was read."""
        _log.info("scanned", target=target, seen=seen, expected=expected)

    def repairing(self, total: int) -> None:
        """The repair of so many runs begins."""
        _log.info("repairing", runs=total)

    def repaired(self) -> None:
        """One of them is done."""


def observe(console: Console) -> AbstractContextManager[Observer]:
    """The observer for a terminal or for log lines, depending on stderr."""
    if not console.is_terminal:
        return nullcontext(LoggedProgress())
    from janitor.cli.live_progress import LiveProgress

    return LiveProgress(console)
