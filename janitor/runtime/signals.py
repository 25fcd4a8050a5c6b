"""SIGTERM and SIGINT: the first asks the pass to end, the second ends it at once."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
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
    """Let signals end the pass; the former handlers are back afterwards.

    Args:
        interrupter: Is asked to end the pass at the first signal.
        answer: What the log then says.
        second: What a second signal raises; without it, the second ends the process at once.

    """

    def ask(number: int, _: FrameType | None) -> None:
        if interrupter.ask(_NAMES[number]):
            _log.warning("%s: %s", _NAMES[number], answer)
        elif second is not None:
            raise second
        else:
            os._exit(128 + number)

    former: dict[int, Any] = {number: signal.signal(number, ask) for number in _NAMES}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def exiting_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGINT leave the block as SystemExit, so that all is cleaned up.

    The exit code is the conventional one, 128 and the signal's number.
    """

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    former: dict[int, Any] = {number: signal.signal(number, leave) for number in _NAMES}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
