"""What plain HTTP requests say about the W&B server: its time, and whether it has moved."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

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
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        return time + answer.elapsed / 2
    except (ValueError, OverflowError):
        return None


def moved_to(address: str) -> str | None:
    """The address to which the server redirects API requests; None if it does not, or is away.

    Only another scheme, host or port counts.
    """
    try:
        answer = requests.head(f"{address}/graphql", timeout=_TIMEOUT, allow_redirects=False)
        there = urlsplit(urljoin(address, answer.headers.get("Location", "")))
    except (requests.RequestException, ValueError):
        return None
    here = urlsplit(address)
    if not answer.is_redirect or (there.scheme, there.netloc) == (here.scheme, here.netloc):
        return None
    return f"{there.scheme}://{there.netloc}{there.path.removesuffix('/graphql')}".rstrip("/")
