"""What plain HTTP requests say about the W&B server: its time, and whether it has moved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
from tenacity import (
    retry,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from janitor.stores.wandb.certificates import TrustingAdapter
from janitor.stores.wandb.pace import RateLimit, rate_limit_of

_TIMEOUT: Final = 5
"""Seconds."""
_ATTEMPTS = 3
_EARLIEST: Final = 2015
_LATEST: Final = 2200
"""Years between which a server's time may be. A later one would overflow ages."""


def _is_worth_another_try(error: BaseException) -> bool:
    """Whether it failed at once. A pass does not wait for a second timeout."""
    is_final = isinstance(error, requests.Timeout | requests.exceptions.SSLError)
    return isinstance(error, requests.RequestException) and not is_final


@retry(
    retry=retry_if_exception(_is_worth_another_try),
    stop=stop_after_attempt(_ATTEMPTS),
    wait=wait_random_exponential(multiplier=0.25, max=2),
    reraise=True,
)
def _head(address: str, environ: Mapping[str, str]) -> requests.Response:
    with requests.Session() as session:
        if address.lower().startswith("https:"):  # reading the certificates takes time
            session.mount("https://", TrustingAdapter(environ))
        return session.head(address, timeout=_TIMEOUT, allow_redirects=False)


@dataclass(frozen=True, slots=True)
class ServerTime:
    """What time it is at the server, or why that is not known."""

    at: datetime | None
    """Aware, in UTC, to the second; None if it is not known."""
    problem: str = ""
    """Why it is not known, as a part of a sentence: "names no time in its answers"."""
    rate_limit: RateLimit | None = None
    """How many requests the login has left, if the server says so."""


def server_time(address: str, environ: Mapping[str, str] = os.environ) -> ServerTime:
    """Ask the server what time it is.

    Proxies are those of the environment, as ``requests`` reads them. Certificates are those that
    ``requests`` trusts, and those of SSL_CERT_FILE and SSL_CERT_DIR, which wandb-core trusts. The
    time is that of the middle of the request: half of what it took is added.
    """
    try:
        answer = _head(address, environ)
    except requests.exceptions.SSLError as error:
        return ServerTime(None, f"cannot be asked for its time: its certificate {_reason(error)}")
    except (requests.RequestException, OSError) as error:
        return ServerTime(None, f"cannot be asked for its time ({type(error).__name__})")
    stamp, rate_limit = answer.headers.get("Date"), rate_limit_of(answer.headers)
    if stamp is None:
        return ServerTime(None, "names no time in its answers", rate_limit)
    try:
        time = parsedate_to_datetime(stamp)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        is_time = _EARLIEST <= time.year <= _LATEST
    except (ValueError, OverflowError):
        is_time = False
    if not is_time:
        return ServerTime(None, f"names a time that cannot be read ({stamp!r:.40})", rate_limit)
    return ServerTime(time + answer.elapsed / 2, rate_limit=rate_limit)


def _reason(error: Exception) -> str:
    """Why a certificate is refused, without the library's nested texts."""
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" not in text:
        return "or protocol is refused"
    detail = text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
    return f"is not trusted ({detail or 'verification failed'})"


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
