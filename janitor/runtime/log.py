"""Loggers that import structlog with the first line that is written.

A pass that has nothing to say writes no line, and structlog takes a good part of its start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

_prepare: list[Callable[[], None]] = []


def before_first_line(prepare: Callable[[], None]) -> None:
    """Call this before the next line is written; it replaces what was given before."""
    _prepare[:] = [prepare]


def prepared() -> None:
    """What :func:`before_first_line` was given is done now, if it was not."""
    while _prepare:
        _prepare.pop()()


class Logger:
    """A logger of structlog, under a name of the standard library's logging."""

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, event: str, **values: Any) -> None:
        """Write a line for those who follow a pass."""
        self._write(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Write a line about something that did not stop the work."""
        self._write(logging.WARNING, event, values)

    def _write(self, level: int, event: str, values: dict[str, Any]) -> None:
        if not logging.getLogger(self._name).isEnabledFor(level):
            return
        prepared()
        import structlog

        structlog.stdlib.get_logger(self._name).log(level, event, **values)
