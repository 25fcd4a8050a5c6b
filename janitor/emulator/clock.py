"""The emulator's time: the machine's clock and an offset, so that tests need not sleep."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_RELATIVE = re.compile(r"\s*([+-]?)\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Clock:
    """What time it is at the server.

    ``offset`` is in seconds and may be moved at any moment; ``source`` gives seconds since the
    epoch. The Date header of every answer and every time the server stamps follow this clock.
    """

    def __init__(self, offset: float = 0.0, source: Callable[[], float] = time.time) -> None:
        self.offset = offset
        self._source = source

    def now(self) -> datetime:
        """The server's time, aware, in UTC."""
        return datetime.fromtimestamp(self._source() + self.offset, UTC)


def parse_time(text: str, now: datetime) -> datetime:
    """Read a time: ISO 8601 (UTC where it has no zone), or relative to now such as ``-2h``.

    Units are s, m, h, d and w. Raises ValueError where the text is neither.
    """
    relative = _RELATIVE.fullmatch(text)
    if relative:
        sign, amount, unit = relative.groups()
        span = timedelta(seconds=float(amount) * _SECONDS[unit])
        return now - span if sign == "-" else now + span
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_duration(text: str) -> float:
    """Read a duration such as ``5m``, ``1.5h`` or ``300`` (seconds) as seconds.

    Raises ValueError where the text is neither.
    """
    match = _RELATIVE.fullmatch(text if text[-1:].isalpha() else f"{text}s")
    if match is None or match.group(1) == "-":
        raise ValueError(f"{text!r} is no duration; write it like 90s, 5m or 2h")
    return float(match.group(2)) * _SECONDS[match.group(3)]


def format_time(moment: datetime) -> str:
    """Write a UTC time as W&B does: ``2026-11-20T00:00:00Z``."""
    return moment.isoformat(timespec="seconds")[:19] + "Z"
