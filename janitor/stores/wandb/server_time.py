"""The W&B server's own time, from the Date header of one plain HTTP request."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

_TIMEOUT = 5
"""Seconds."""


def server_time(address: str) -> datetime | None:
    """What time it is at the server, to the second, UTC; None where it does not say.

    Proxies and certificates are those of the environment, as ``requests`` reads them. The answer
    is the middle of the request: half of what it took is added.
    """
    try:
        answer = requests.head(address, timeout=_TIMEOUT, allow_redirects=False)
    except requests.RequestException:
        return None
    stamp = answer.headers.get("Date")
    if stamp is None:
        return None
    try:
        time = parsedate_to_datetime(stamp)
    except ValueError:
        return None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time + answer.elapsed / 2
