"""Writes to W&B: each is sent exactly once.

A write rests on a read of the same run just before it. wandb-core sends a refused request again on
its own, at the latest when a ``Retry-After`` header says so; by then the read is old, and what
others wrote meanwhile would be overwritten. So mutations do not go through wandb-core, only its
login does. What fails here is told to the caller, who reads again before the next write.
"""

from __future__ import annotations

import ipaddress
import json
import os
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from requests.utils import get_environ_proxies

from janitor import __version__
from janitor.errors import StoreError, TransientError
from janitor.lifecycle.wandb_internals import Login
from janitor.stores.wandb.certificates import TrustingAdapter
from janitor.stores.wandb.failures import explain, of_message, of_status

_CONNECTIONS: Final = 16
"""Connections that are kept open; as many threads may write at once."""
_CONNECTING: Final = 5.0
"""Seconds that a connection may take: meanwhile the read before the write grows old."""
_LARGEST: Final = 16_000_000
"""Bytes of an answer to a write, which holds an ID or an error."""
_PIECE: Final = 65_536
_USER: Final = "api"
"""The user name that belongs to every API key."""


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Session(requests.Session):
    """Leaves redirects alone; the base would read all of one, and where it leads, to note it."""

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        return iter(())


class SingleSend:
    """Sends GraphQL mutations once each; safe from many threads.

    Args:
        address: The server's address, without a user and password; it may have a path.
        login: Of the user.
        timeout: Seconds that a request may take.

    """

    def __init__(self, address: str, login: Login, timeout: float) -> None:
        self._address, self._login, self._timeout = address, login, timeout
        self._url = f"{address.rstrip('/')}/graphql"
        self._session: requests.Session | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None

    def execute(self, query: str, variables: Mapping[str, Any]) -> tuple[Any, int]:
        """The ``data`` of the answer, and how many bytes it had.

        Raises:
            StoreError: the kind that the failure means. After a TransientError the write may have
                been done all the same.

        """
        until = time.monotonic() + self._timeout
        auth = self._auth()
        try:
            with self._opened().post(
                self._url,
                data=json.dumps({"query": query, "variables": dict(variables)}).encode(),
                auth=auth,
                timeout=(min(_CONNECTING, self._timeout), self._timeout),
                verify=not self._login.is_unverified,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return self._read(answer, until)
        except requests.Timeout as error:
            raise self._too_slow() from error
        except requests.exceptions.InvalidHeader as error:
            raise self._not_sendable(error) from None
        except requests.RequestException as error:
            raise of_message(explain(_cause(error)), self._address) from error
        except (TypeError, ValueError) as error:
            raise self._not_sendable(error) from None

    def _auth(self) -> AuthBase | None:
        """The user's login. Without one, requests would take what a netrc file holds."""
        if self._login.access_token is not None:
            token = self._login.access_token(self._timeout)
            return _Bearer(token) if token else _NoLogin()
        key = self._login.api_key
        return HTTPBasicAuth(_USER, key.encode()) if key else _NoLogin()

    def _opened(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> requests.Session:
        session = _Session()
        session.trust_env = False  # proxies are chosen as wandb-core does
        session.proxies = self._proxies()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers.update(
            {
                "Content-Type": "application/json",
                "User-Agent": f"janitor/{__version__}",
                **_of_service_account(os.environ),
                **{name: _sent(value) for name, value in self._login.headers.items()},
            }
        )
        options: dict[str, Any] = {"pool_connections": 1, "pool_maxsize": _CONNECTIONS}
        if self._login.is_unverified:  # the user wants it so
            warnings.filterwarnings("ignore", message="Unverified HTTPS request")
        if self._url.lower().startswith("https:") and not self._login.is_unverified:
            session.mount("https://", TrustingAdapter(os.environ, **options))
        else:
            session.mount(self._url.partition("//")[0] + "//", HTTPAdapter(**options))
        return session

    def _proxies(self) -> dict[str, str]:
        """As wandb-core: its own settings in any case; else the environment's, without ALL_PROXY.

        The environment's are not for this machine, nor for what NO_PROXY names.
        """
        server = urlsplit(self._url)
        if own := self._login.proxies.get(server.scheme):
            return {server.scheme: own}
        if _is_this_machine(server.hostname or ""):
            return {}
        named = dict(get_environ_proxies(self._url))
        return {scheme: proxy for scheme, proxy in named.items() if scheme in {"http", "https"}}

    def _read(self, answer: requests.Response, until: float) -> tuple[Any, int]:
        if answer.is_redirect:
            where = _server_of(answer.headers["Location"])
            raise StoreError(
                f"W&B at {self._address} redirects the write{where} (HTTP {answer.status_code}),"
                " and it was not sent there: set WANDB_BASE_URL to the address that answers itself"
            )
        body = bytearray()
        for piece in answer.iter_content(_PIECE):
            body += piece
            if len(body) > _LARGEST:
                raise TransientError(f"W&B at {self._address} sends an endless answer to a write")
            if time.monotonic() > until:
                raise self._too_slow()
        document = _document(bytes(body))
        if answer.status_code != 200:
            said = _errors(document) or body.decode("utf-8", "replace") or answer.reason or ""
            wait = _seconds(answer.headers.get("Retry-After", ""))
            raise of_status(answer.status_code, explain(said), self._address, wait)
        if (failed := _errors(document)) is not None:
            raise of_message(explain(failed), self._address)
        if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
            raise TransientError(f"W&B at {self._address} sends a malformed answer to a write")
        return document["data"], len(body)

    def _not_sendable(self, error: Exception) -> StoreError:
        """Without the error's text, which may repeat a header or a token."""
        return StoreError(
            f"the write to W&B at {self._address} cannot be sent: its address, its proxy, a header"
            f" or the login is malformed ({type(error).__name__})"
        )

    def _too_slow(self) -> TransientError:
        return TransientError(
            f"W&B at {self._address} did not take the write within {self._timeout:g} s", slow=True
        )


class _NoLogin(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _server_of(location: str) -> str:
    """Where a redirect leads, for a message; nothing for a path or nonsense."""
    try:
        there = urlsplit(location)
    except ValueError:
        return ""
    return f" to {there.scheme}://{there.hostname}" if there.hostname else ""


def _errors(document: Any) -> str | None:
    """What the ``errors`` of an answer say; None if it has none."""
    errors = document.get("errors") if isinstance(document, dict) else None
    if not errors:
        return None
    errors = errors if isinstance(errors, list) else [errors]
    said = [each.get("message", "") if isinstance(each, dict) else each for each in errors]
    return "; ".join(str(each) for each in said if each) or "an error without a message"


def _of_service_account(environ: Mapping[str, str]) -> dict[str, bytes]:
    """The person that a service account acts for; wandb-core sends the same."""
    named = {"X-WANDB-USERNAME": "WANDB_USERNAME", "X-WANDB-USER-EMAIL": "WANDB_USER_EMAIL"}
    return {
        header: _sent(environ[name])
        for header, name in named.items()
        if environ.get(name, "").strip()
    }


def _sent(value: str) -> bytes:
    """The value of a header as wandb-core sends it; bytes of the environment stay as they are."""
    return value.strip().encode("utf-8", "surrogateescape")


def _seconds(retry_after: str) -> float:
    """The wait of a ``Retry-After`` header; 0 for a date or nonsense."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _cause(error: BaseException) -> str:
    """The innermost reason: the outer texts repeat the request."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__
