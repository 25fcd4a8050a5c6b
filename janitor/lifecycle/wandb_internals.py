"""Every private name of wandb that the janitor uses: lifecycle, stores and demo take them here.

wandb promises nothing about these names. Each function either answers or raises
:class:`UnsupportedWandbError`, which names the versions that work. Nothing here imports wandb
before it is called. It lives in ``lifecycle`` because that is the lowest layer that needs wandb.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

SUPPORTED: Final = "0.28.2 to 0.31"
"""The versions of wandb that the janitor is tested with."""


class UnsupportedWandbError(RuntimeError):
    """The installed version of wandb lacks a name that the janitor needs."""

    def __init__(self, cause: object) -> None:
        super().__init__(
            f"this version of wandb is not supported ({cause}): install wandb {SUPPORTED}"
        )


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (ImportError, AttributeError) as error:
        raise UnsupportedWandbError(error) from error


# The GraphQL transport of ``wandb.Api`` and of its runs, with the user's login and proxies.


def service_api(owner: Any) -> Any:
    """The transport of a ``wandb.Api()``, or of a run that it returned."""
    with _named():
        transport = owner._service_api
        _ = transport.execute_graphql
        return transport


@dataclass(frozen=True, slots=True)
class Login:
    """How a ``wandb.Api()`` reaches its server, for requests that do not go through wandb-core."""

    api_key: str | None = field(repr=False)
    access_token: Callable[[float], str | None] | None = field(repr=False)
    """Gives the token of a federated identity, within so many seconds; None if there is none."""
    headers: Mapping[str, str] = field(repr=False)
    """Headers that the user's settings add to every request."""
    proxies: Mapping[str, str] = field(repr=False)
    """Scheme of the server's address → proxy, from wandb's own settings."""
    is_unverified: bool
    """Whether the user has turned off the check of certificates."""


def login_of(api: Any) -> Login:
    """The login of a ``wandb.Api()``."""
    service = service_api(api)
    with _named():
        settings = service._settings
        proxies = {**(settings.x_proxies or {})}
        proxies |= {"http": settings.http_proxy} if settings.http_proxy else {}
        proxies |= {"https": settings.https_proxy} if settings.https_proxy else {}
        is_federated = bool(settings.identity_token_file)
        return Login(
            api_key=None if is_federated else settings.api_key,
            access_token=service.access_token if is_federated else None,
            headers=dict(settings.x_extra_http_headers or {}),
            proxies=proxies,
            is_unverified=bool(settings.insecure_disable_ssl),
        )


def execute_graphql(owner: Any, query: str, variables: Mapping[str, Any], **options: Any) -> Any:
    """Send a query through the transport of a ``wandb.Api()`` or of a run that it returned."""
    return service_api(owner).execute_graphql(query, variables, **options)


def app_url(api: Any) -> str:
    """The address of the pages that people see."""
    with _named():
        return str(api._service_api.app_url)


def transport_errors() -> tuple[type[BaseException], ...]:
    """What the transport raises, besides ``OSError``."""
    with _named():
        from wandb.sdk.lib.asyncio_manager import ForkedError
        from wandb.sdk.lib.service.service_connection import (
            WandbApiFailedError,
        )
        from wandb.sdk.mailbox import (
            HandleAbandonedError,
            MailboxClosedError,
        )
        from wandb.sdk.mailbox.mailbox_handle import (
            ServerResponseError,
        )

        return (
            WandbApiFailedError,
            MailboxClosedError,
            HandleAbandonedError,
            ServerResponseError,
            ForkedError,
        )


# Runs.


def is_public_run(run: Any) -> bool:
    """Whether a run came from ``wandb.Api()``."""
    return _is_from("wandb.apis.", run)


def is_live_run(run: Any) -> bool:
    """Whether ``wandb.init()`` of this process returned the run."""
    return _is_from("wandb.sdk.", run)


def _is_from(package: str, run: Any) -> bool:
    return any(each.__module__.startswith(package) for each in type(run).__mro__)


FINISHERS: Final = ("finish", "_finish")
"""The methods of a live run that end it; ``with wandb.init()`` calls the second one."""


def is_finished(live_run: Any) -> bool:
    """Whether the live run was finished in this process."""
    if not is_live_run(live_run) or getattr(live_run, "disabled", False):
        return getattr(live_run, "_is_finished", False) is True
    with _named():
        return bool(live_run._is_finished)


def whole_summary(summary: Any) -> Mapping[str, Any]:
    """All of a live run's summary in one request; ``dict(summary)`` would send one for each key."""
    whole = summary._as_dict() if hasattr(summary, "_as_dict") else None
    return whole if isinstance(whole, Mapping) else dict(summary)


def log_record(content: bytes) -> Any:
    """One record of a ``.wandb`` file.

    Raises:
        ValueError: it is not one.

    """
    with _named():
        from wandb.proto import wandb_internal_pb2

        record: Any = wandb_internal_pb2.Record()  # type: ignore[attr-defined] # made at run time
    try:
        record.ParseFromString(content)
    except Exception as error:  # protobuf's own error, whose name differs between versions
        raise ValueError(str(error)) from error
    return record


# ``wandb.agent(…, function=train)``, which runs each training in a thread of this process.


def is_agent_running() -> bool:
    """Whether this process runs an agent, which creates a run for each of its trainings."""
    agents = sys.modules.get("wandb.agents.pyagent")
    if agents is None:
        return False
    with _named():
        return bool(agents.is_running())


def set_agent_poll_interval(seconds: float) -> None:
    """Set how often agents of this process ask for work; 5 seconds by default."""
    with _named():
        from wandb.agents.pyagent import Agent

        _ = Agent.HEARTBEAT_SLEEP_SECONDS
        Agent.HEARTBEAT_SLEEP_SECONDS = seconds  # type: ignore[assignment] # int by its value only


def raised_by_training(exception: BaseException) -> BaseException:
    """What the training function raised, where the agent has wrapped it in an error of its own."""
    kind = type(exception)
    is_agents = kind.__module__ == "wandb.agents.pyagent" and kind.__name__ == "_JobError"
    return exception.__cause__ or exception if is_agents else exception


def is_agents_stop(exception: BaseException) -> bool:
    """Whether the agent stopped the training in this thread: from W&B's page, or by Ctrl-C.

    The agent marks the thread and raises a bare ``Exception`` in it. Code on the way may have
    raised another error because of that one.
    """
    if not getattr(threading.current_thread(), "_terminated", False):
        return False
    seen: list[BaseException] = []
    each: BaseException | None = exception
    while each is not None and each not in seen:
        if type(each) is Exception and not each.args:
            return True
        seen.append(each)
        each = each.__cause__ or each.__context__
    return False
