"""What plain HTTP requests say about the W&B server: its time, and whether it has moved."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import (
    retry,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

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
            session.mount("https://", _Trusting(environ))
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


class _Trusting(HTTPAdapter):
    """Trusts the certificates that wandb-core trusts, besides those of ``requests``."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._context = ssl.create_default_context()
        for path in _certificate_files(environ):
            try:
                self._context.load_verify_locations(cafile=path)
            except (OSError, ssl.SSLError):
                continue  # a folder may hold other files
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, **kwargs, ssl_context=self._context)


def _certificate_files(environ: Mapping[str, str]) -> list[Path]:
    """The files that SSL_CERT_FILE and SSL_CERT_DIR name; Go reads every file of each folder."""
    files = [Path(environ["SSL_CERT_FILE"])] if environ.get("SSL_CERT_FILE") else []
    for folder in filter(None, environ.get("SSL_CERT_DIR", "").split(os.pathsep)):
        try:
            files += sorted(path for path in Path(folder).iterdir() if path.is_file())
        except OSError:
            continue
    return files


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
