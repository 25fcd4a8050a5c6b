"""The W&B server's own time, from the Date header of one plain HTTP request."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
from tenacity import (
    retry,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

_TIMEOUT = 5
"""Seconds."""
_ATTEMPTS = 3


def _is_worth_another_try(error: BaseException) -> bool:
    """Whether it failed at once: a pass has no time to wait for a time-out again."""
    is_timeout = isinstance(error, requests.Timeout)
    return isinstance(error, requests.RequestException) and not is_timeout


@retry(
    retry=retry_if_exception(_is_worth_another_try),
    stop=stop_after_attempt(_ATTEMPTS),
    wait=wait_random_exponential(multiplier=0.25, max=2),
    reraise=True,
)
def _head(address: str) -> requests.Response:
    return requests.head(address, timeout=_TIMEOUT, allow_redirects=False)


def server_time(address: str) -> datetime | None:
    """What time it is at the server, to the second, UTC; None where it does not say.

    Proxies and certificates are those of the environment, as ``requests`` reads them. The answer
    is the middle of the request: half of what it took is added.
    """
    try:
        answer = _head(address)
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
