"""The stores of a pass: W&B and this machine, or this machine only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

from tenacity import Retrying

from janitor.config import Config, parse_run_path, parse_target
from janitor.errors import StoreError, TargetError, TransientError, UsageError
from janitor.model import Policy, TargetKind, is_local
from janitor.model.wording import format_age
from janitor.records.report import ClockReading, Requests
from janitor.rules.selection import with_default_entity
from janitor.runtime.clock import PassClock
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.threads import Unfinished, Workers
from janitor.stores.retrying import RetryingStore, opening
from janitor.stores.routing import RoutingStore
from janitor.stores.wandb import WandbStore
from janitor.stores.wandb.pace import RateLimit
from janitor.stores.wandb.paced import PacedApi
from janitor.stores.wandb.server_time import server_time
from janitor.stores.wandb_sweeps.ledgered import LedgeredStore

_HEADER_STEP = timedelta(seconds=1.5)
"""The Date header has whole seconds, so clocks this close to each other agree."""
_WORTH_A_WARNING = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a pass works: on W&B and this machine, or on this machine only."""

    policy: Policy
    stores: RoutingStore
    store: RetryingStore
    """The same stores; reads with transient errors are retried."""
    clock: PassClock
    clock_reading: ClockReading
    traffic: Callable[[], Requests] = Requests
    """The requests to W&B; ``store`` counts the retries."""
    server: str = ""
    """The address of W&B's server; empty if the pass does not use W&B."""
    active_since: datetime | None = None
    """Runs without a sign of life since then are not read, to the second."""
    app_address: str = ""
    """The address of W&B's web pages; empty if the pass does not use W&B."""
    default_entity: Callable[[], str | None] = lambda: None

    def requests(self) -> Requests:
        """The requests and bytes of the pass so far."""
        return self.traffic().model_copy(update={"retries": self.store.retries})

    def page_of(self, path: str) -> str:
        """The address of a run for people: its page in W&B, or its file or folder."""
        if is_local(path):
            return Path(path.partition(":")[2].rsplit("/", 1)[0]).as_uri()
        entity, project, run = path.split("/", 2)
        return f"{self.app_address}/{quote(entity)}/{quote(project)}/runs/{quote(run)}"

    def path_of(self, run: str) -> str:
        """The full path of a run, from a path that may lack the entity or from a page's address.

        Raises:
            TargetError: the path is malformed, or wandb has no default entity.

        """
        if is_local(run):
            return str(parse_target(TargetKind.STORE, run))
        run = checked_run_path(run)
        if run.count("/") == 2:
            return run
        entity = self.default_entity()
        if entity is None:
            raise TargetError(f"{run}: wandb has no default entity; write ENTITY/PROJECT/RUN")
        return f"{entity}/{run}"


def checked_run_path(text: str) -> str:
    """The path of a W&B run, from a path or the address of its page; the entity may be missing.

    Raises:
        TargetError: the text is not a run path.

    """
    run = parse_run_path(text)
    parts = run.split("/")
    if len(parts) not in {2, 3} or not all(part.strip() for part in parts):
        raise TargetError(
            f"{text!r} is not a run path: write it as ENTITY/PROJECT/RUN, or give the address of"
            " the run's page"
        )
    return run


def are_local(reach: Sequence[str]) -> bool:
    """Whether all of these targets or runs are on this machine."""
    return bool(reach) and all(is_local(path) for path in reach)


def local_backend(policy: Policy, interrupter: Interrupter) -> Backend:
    """For a pass that uses this machine only. It needs no login and uses the local clock."""
    clock = PassClock(datetime.now(UTC))
    stores = RoutingStore(policy, clock.now)
    return Backend(
        policy, stores, _retrying(stores, interrupter), clock, ClockReading(source="local")
    )


def wandb_backend(
    config: Config, policy: Policy, interrupter: Interrupter, stack: ExitStack
) -> Backend:
    """For a pass that uses W&B. Its clock is used for the local stores as well.

    Raises:
        UsageError: the server refuses the login, or the settings cannot be used.
        TransientError: the server does not answer, or answers with errors that may pass.
        EndedEarlyError: a signal or the deadline came before the server answered.

    """
    api = _api(config, interrupter)
    stack.callback(api.close)
    retrying = _opening(config, interrupter)
    policy = with_default_entity(policy, partial(retrying, api.default_entity))
    clock, reading, limit = read_clock_and_limit(api.address)
    api.pace.begin(limit, partial(read_rate_limit, api.address), interrupter.sleep)
    since = None
    if config.active_since is not None:
        since = (clock.now() - config.active_since).replace(microsecond=0)
    runs = WandbStore(api, policy, config.page_size, since)
    ledgered = LedgeredStore(runs, api, policy, clock.now)
    stores = RoutingStore(policy, clock.now, ledgered)
    return Backend(
        policy,
        stores,
        _retrying(stores, interrupter),
        clock,
        reading,
        partial(_traffic, api),
        api.address,
        since,
        api.app_address,
        api.default_entity,
    )


def _retrying(stores: RoutingStore, interrupter: Interrupter) -> RetryingStore:
    return RetryingStore(stores, interrupter.sleep, interrupter.asked)


def _api(config: Config, interrupter: Interrupter) -> PacedApi:
    """The connection to W&B; a pass that must end does not wait for it."""
    workers = Workers(1, interrupter.page_patience)
    (api,) = workers.run([partial(_api_or_error, config, interrupter)])
    workers.close()
    if interrupter.reason() is not None or isinstance(api, Unfinished):
        raise interrupter.ended_early()
    if isinstance(api, UsageError | TransientError):
        raise api
    return api


def _api_or_error(
    config: Config, interrupter: Interrupter
) -> PacedApi | UsageError | TransientError:
    try:
        return open_door(config, _opening(config, interrupter))
    except (UsageError, TransientError) as error:
        return error


def _opening(config: Config, interrupter: Interrupter) -> Retrying:
    return opening(interrupter.sleep, interrupter.asked, has_deadline=config.deadline is not None)


def open_door(config: Config, retrying: Retrying | None = None) -> PacedApi:
    """The connection to W&B; without ``retrying`` it is tried once.

    Raises:
        UsageError: the server refuses the login, or the settings cannot be used.
        TransientError: the server does not answer, or answers with errors that may pass.

    """
    seconds = config.timeout.total_seconds()
    try:
        return PacedApi(seconds) if retrying is None else PacedApi(seconds, retrying)
    except TransientError:
        raise
    except StoreError as error:
        raise UsageError(str(error)) from error


def read_clock(address: str) -> tuple[PassClock, ClockReading]:
    """The clock of a pass: the server's, or this machine's if the server's cannot be read."""
    return read_clock_and_limit(address)[:2]


def read_rate_limit(address: str) -> RateLimit | None:
    """How many requests the login has left, if the server says so."""
    return server_time(address).rate_limit


def read_clock_and_limit(address: str) -> tuple[PassClock, ClockReading, RateLimit | None]:
    """The clock of a pass, and how many requests the login has left."""
    answer = server_time(address)
    here, there = datetime.now(UTC), answer.at
    if there is None:
        lost = f"{address} {answer.problem}: ages are measured by this machine's clock"
        return PassClock(here), ClockReading(source="local", warning=lost), answer.rate_limit
    offset = there - here
    warning: str | None = None
    if abs(offset) > _WORTH_A_WARNING:
        ahead = "ahead of" if offset > timedelta(0) else "behind"
        warning = (
            f"the clock of {address} is {format_age(offset)} {ahead} this machine's;"
            " ages are measured by the server's"
        )
    reading = ClockReading(
        source="server", offset_seconds=round(offset.total_seconds(), 3), warning=warning
    )
    clock = PassClock(here if abs(offset) <= _HEADER_STEP else there)
    return clock, reading, answer.rate_limit


def _traffic(api: PacedApi) -> Requests:
    traffic, pace = api.traffic, api.pace
    return Requests(
        throttled=pace.throttled,
        waited_seconds=round(pace.waited, 3),
        limit_used_percent=pace.used_percent(),
        reads=traffic.reads,
        writes=traffic.writes,
        bytes_in=traffic.bytes_in,
        bytes_out=traffic.bytes_out,
    )
