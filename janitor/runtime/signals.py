"""SIGTERM and SIGINT: the first asks the pass to end, the second ends it at once."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from janitor.runtime.interrupt import Interrupter, Interruption

_log = logging.getLogger("janitor.pass")

_NAMES: dict[int, Interruption] = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT"}


@contextmanager
def heeding_signals(
    interrupter: Interrupter,
    answer: str = "no new write begins, those under way are finished",
    *,
    second: type[BaseException] | None = None,
) -> Iterator[None]:
    """Let signals end the pass. The former handlers are back afterwards.

    Args:
        interrupter: It is asked to end the pass at the first signal.
        answer: What the log says then.
        second: What a second signal raises. Without it, a second signal ends the process at once.

    """

    def ask(number: int, _: FrameType | None) -> None:
        if interrupter.ask(_NAMES[number]):
            _log.warning("%s: %s", _NAMES[number], answer)
        elif second is not None:
            raise second
        else:
            os._exit(128 + number)

    with _handling(ask):
        yield


@contextmanager
def exiting_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGINT leave the block as SystemExit, so that everything is cleaned up.

    The exit code is 128 plus the number of the signal.
    """

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    with _handling(leave):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Let SIGTERM and SIGINT call a handler; the former handlers are back afterwards."""
    former: dict[int, Any] = {number: signal.signal(number, handler) for number in _NAMES}
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)
