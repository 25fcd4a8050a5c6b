"""The transport to W&B: raw GraphQL with the user's own login, proxies and certificates.

``wandb.Api`` provides it; W&B's own sister packages use its transport too. The private names of
wandb that this needs are in :mod:`janitor.lifecycle.wandb_internals`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from janitor.errors import CredentialsError, StoreError, TransientError, UnreachableError
from janitor.lifecycle import wandb_internals
from janitor.storage.temporary import TemporaryFolder
from janitor.stores.wandb.environment import named_in, quiet_environment
from janitor.stores.wandb.failures import classify, explain, nothing_answers
from janitor.stores.wandb.server_time import moved_to
from janitor.stores.wandb.single_send import SingleSend

if TYPE_CHECKING:
    from pathlib import Path

    import wandb

SUPPORTED = wandb_internals.SUPPORTED
_HIDDEN_RETRIES = 1
"""Retries of reads by wandb-core; 0 would mean 20."""
_HIDDEN_WAIT = 1
"""Seconds between them; whole seconds only."""
_OPENING = 9
"""Seconds that the first answer of a server may take. With the import of wandb before it and the 2
seconds of its exit after it, an unreachable server is reported within 15 seconds."""
_IN_TIME = "in time"
"""A part of the message of every timeout on Python's side."""


@dataclass(slots=True)
class Traffic:
    """What went over a connection. Bytes are those of queries and of answers' JSON."""

    reads: int = 0
    writes: int = 0
    bytes_out: int = 0
    bytes_in: int = 0


class GraphQLApi:
    """An open connection to one W&B server; safe from many threads.

    Args:
        attempt_timeout: Seconds that one attempt of a request may take.
        opening: Makes the first contact, given what makes it once; may try it again.

    Raises:
        CredentialsError: no credentials, or the server refuses them.
        StoreError: the server cannot be reached, or this wandb is not one that we know.

    """

    def __init__(
        self,
        attempt_timeout: float = 20.0,
        opening: Callable[[Callable[[], wandb.Api]], wandb.Api] = lambda open_once: open_once(),
    ) -> None:
        self.traffic = Traffic()
        self._attempt_timeout = max(1, int(attempt_timeout))
        # Core's own bound stays below Python's: otherwise the cause is lost.
        self._timeout = (_HIDDEN_RETRIES + 1) * self._attempt_timeout + _HIDDEN_WAIT + 2
        self._lock = threading.Lock()
        self._folder = TemporaryFolder("janitor-wandb-")
        self._api = opening(self._open)

    def close(self) -> None:
        """Take away the folder that wandb was given; nothing may be asked any more."""
        self._writing.close()
        self._folder.remove()

    @property
    def address(self) -> str:
        """The server's address, from wandb's settings, without a user and password."""
        return _without_login(str(self._api.settings["base_url"]))

    @property
    def app_address(self) -> str:
        """Where people see their runs; ends without a slash."""
        return _without_login(wandb_internals.app_url(self._api)).rstrip("/")

    def default_entity(self) -> str | None:
        """The entity that wandb takes where none is named."""
        named = self._api.settings.get("entity")
        try:
            return str(named) if named else self._api.default_entity
        except self._failures as failure:
            raise classify(failure, self.address) from failure

    def execute(self, query: str, variables: Mapping[str, Any]) -> tuple[Any, int]:
        """The ``data`` of a GraphQL request's answer, and how many bytes it had.

        Raises:
            StoreError: the kind that the failure means; see :mod:`janitor.errors`.

        """
        self._count_request(query, variables)
        is_write = query.lstrip().startswith("mutation")
        send = self._writing.execute if is_write else self._read
        api = self._api
        try:
            data, size = send(query, variables)
        except self._failures as failure:
            if getattr(failure, "response", None) is None:
                self._reopen(api, failure)
            raise classify(failure, self.address) from failure
        with self._lock:
            self.traffic.bytes_in += size
        return data, size

    def _read(self, query: str, variables: Mapping[str, Any]) -> tuple[Any, int]:
        sizes = list[int]()

        def parse(text: str) -> Any:
            sizes.append(len(text))
            return json.loads(text)

        service = wandb_internals.service_api(self._api)
        data = service.execute_graphql(query, variables, timeout=self._timeout, parse=parse)
        return data, sizes[0]

    @contextmanager
    def public(self) -> Iterator[tuple[wandb.Api, Path]]:
        """Wandb's public objects, for what they reach best, and a folder for their files.

        What they raise becomes a StoreError.
        """
        import wandb.errors

        try:
            yield self._api, self._folder.path
        except self._failures as failure:
            raise classify(failure, self.address) from failure
        except (wandb.errors.Error, ValueError) as failure:
            cause = failure.__cause__ or getattr(failure, "exc", None) or failure
            raise classify(cause, self.address) from failure

    def _count_request(self, query: str, variables: Mapping[str, Any]) -> None:
        size = len(query) + sum(len(str(value)) for value in variables.values())
        with self._lock:
            self.traffic.bytes_out += size
            if query.lstrip().startswith("mutation"):
                self.traffic.writes += 1
            else:
                self.traffic.reads += 1

    def _reopen(self, broken: wandb.Api, failure: BaseException) -> None:
        """Start wandb-core again if it is gone; a time-out leaves it as it is."""
        if _IN_TIME in str(failure):
            return
        with self._lock:
            if self._api is broken:
                import wandb

                # The farewell to a process that is gone fails, or ends us with its exit code.
                with contextlib.suppress(SystemExit, *self._failures):
                    wandb.teardown()
                self._api = self._open()

    def _open(self) -> wandb.Api:
        with quiet_environment(self._folder.path):
            return self._opened()

    def _opened(self) -> wandb.Api:
        try:
            import wandb
            from wandb.errors import AuthenticationError, UsageError

            self._failures: tuple[type[BaseException], ...] = (
                *wandb_internals.transport_errors(),
                OSError,
            )
            settings = self._set_up()
        except wandb_internals.UnsupportedWandbError as error:
            raise StoreError(str(error)) from error
        except (ImportError, AttributeError, TypeError) as error:
            raise _unknown_wandb(error) from error
        except (ValueError, UsageError) as error:
            raise _of_settings(error) from error
        address = _without_login(settings.base_url)
        try:
            api = wandb.Api(timeout=_OPENING)
            login = wandb_internals.login_of(api)
            self._writing = SingleSend(address, login, self._attempt_timeout)
        except UsageError as error:
            raise CredentialsError(
                f"no credentials for W&B at {address}: set WANDB_API_KEY or run"
                f" `wandb login --host {address}`"
            ) from error
        except UnicodeDecodeError as error:
            raise CredentialsError(
                f"the credentials for W&B at {address} cannot be read: the netrc file is not text"
                f" in UTF-8; correct it, or run `wandb login --host {address}`"
            ) from error
        except AuthenticationError as error:
            raise redirected(settings.base_url) or _of_login(error, address) from error
        except wandb_internals.UnsupportedWandbError as error:
            raise StoreError(str(error)) from error
        except self._failures as error:
            raise redirected(settings.base_url) or classify(error, address) from error
        return api

    def _set_up(self) -> wandb.Settings:
        """What wandb is set to, once wandb-core runs; meanwhile the rest of wandb is imported."""
        import wandb

        wanted = wandb.Settings(
            x_graphql_retry_max=_HIDDEN_RETRIES,
            x_graphql_retry_wait_min_seconds=_HIDDEN_WAIT,
            x_graphql_retry_wait_max_seconds=_HIDDEN_WAIT,
            x_graphql_timeout_seconds=self._attempt_timeout,
        )
        with ThreadPoolExecutor(1, thread_name_prefix="janitor-core") as starter:
            starting = starter.submit(wandb.setup, wanted)
            import wandb.apis.public

            return starting.result().settings


def redirected(address: str) -> StoreError | None:
    """The error of a server that sends every request elsewhere, such as from http to https.

    wandb-core follows the redirect without the key, or turns the request into another one.
    """
    there = moved_to(address)
    if there is None:
        return None
    return StoreError(
        f"W&B at {_without_login(address)} redirects to {_without_login(there)}:"
        " set WANDB_BASE_URL to that address"
    )


def _of_login(error: Exception, address: str) -> StoreError:
    """The error of a failed login. wandb raises it also for an outage, with another cause."""
    cause = error.__cause__
    if cause is None:
        return CredentialsError(
            f"the credentials for W&B at {address} are malformed: {explain(str(error))}"
        )
    failure = classify(cause, address)
    why = explain(str(cause))
    if isinstance(failure, TransientError) and nothing_answers(cause):
        if _IN_TIME in why:
            why = f"no answer within {_OPENING} seconds"
        return UnreachableError(
            f"W&B at {address} cannot be reached: {why}; check WANDB_BASE_URL and the network"
        )
    return failure


def _without_login(address: str) -> str:
    """The address without a user and password: messages and links show it."""
    return re.sub(r"(?<=://)[^/?#]*@", "", address)


def _of_settings(error: Exception) -> StoreError:
    """Which of wandb's settings is malformed, and why. Never its value, which may be a key."""
    problems: list[Any] = getattr(error, "errors", list)()
    if not problems:
        name = named_in(str(error), os.environ)
        which = f"the variable {name}" if name else "a variable WANDB_… or a settings file"
        return StoreError(
            f"wandb's settings cannot be used: correct {which} ({explain(str(error))})"
        )
    name = ".".join(str(part) for part in problems[0]["loc"])
    return StoreError(
        f"wandb's setting {name} (WANDB_{name.upper()} or a settings file) cannot be used:"
        f" {problems[0]['msg']}"
    )


def _unknown_wandb(error: Exception) -> StoreError:
    return StoreError(str(wandb_internals.UnsupportedWandbError(error)))
