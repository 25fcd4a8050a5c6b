"""The emulator's time: the machine's clock plus an offset, so that tests need not sleep."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_RELATIVE = re.compile(r"\s*([+-]?)\s*(\d+(?:\.\d+)?)\s*(ms|[smhdw])\s*")
_DURATION = re.compile(r"(?:\s*\d+(?:\.\d+)?\s*(?:ms|[smhdw]))+\s*")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = 3650 * 86400


class Clock:
    """The server's clock.

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
    """Read a time: ISO 8601 (UTC if it has no zone), or relative to now such as ``-2h``.

    Units are ms, s, m, h, d and w. Raises ValueError for any other text, and for a time too far
    away for a date.
    """
    relative = _RELATIVE.fullmatch(text)
    if relative:
        sign, amount, unit = relative.groups()
        try:
            span = timedelta(seconds=float(amount) * _SECONDS[unit])
            return now - span if sign == "-" else now + span
        except OverflowError as error:
            raise ValueError(f"{text!r} is too far away") from error
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_duration(text: str) -> float:
    """Read a duration such as ``20ms``, ``5m``, ``1h30m`` or ``300`` (seconds) as seconds.

    Raises ValueError for any other text, and for more than ten years.
    """
    written = text.strip() if text.strip()[-1:].isalpha() else f"{text.strip()}s"
    if _DURATION.fullmatch(written) is None:
        raise ValueError(f"must be a duration such as 20ms, 90s, 5m or 1h30m, not {text!r}")
    seconds = sum(float(amount) * _SECONDS[unit] for amount, unit in _PART.findall(written))
    if seconds > _LONGEST:
        raise ValueError(f"must be at most ten years, not {text!r}")
    return seconds


def format_time(moment: datetime) -> str:
    """Write a UTC time as W&B does: ``2026-11-20T00:00:00Z``."""
    return moment.isoformat(timespec="seconds")[:19] + "Z"
