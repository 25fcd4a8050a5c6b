"""Where a pass works: on W&B and this machine, or on this machine alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

from janitor.clock import PassClock
from janitor.config import Config
from janitor.durations import format_age
from janitor.errors import EndedEarlyError, StoreError, UsageError
from janitor.interruption import Interrupter
from janitor.model import Policy
from janitor.report.schema import ClockReading, Requests
from janitor.rules.selection import with_default_entity
from janitor.stores.routing import RoutingStore, is_local
from janitor.stores.wandb import Door, WandbStore
from janitor.stores.wandb.server_time import server_time
from janitor.workers import Unfinished, Workers

SCANS_END = 2.0
"""Seconds after which a pass that was asked to end waits for no page any more."""
_HEADER_STEP = timedelta(seconds=1.5)
"""The Date header counts whole seconds: clocks this close to each other agree."""
_WORTH_TELLING = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Side:
    """Where a pass works: on W&B and this machine, or on this machine alone."""

    policy: Policy
    stores: RoutingStore
    clock: PassClock
    clock_reading: ClockReading
    page_of: Callable[[str], str]
    traffic: Callable[[], Requests]


def are_local(reach: Sequence[str]) -> bool:
    """Whether these paths of targets or runs are all on this machine."""
    return bool(reach) and all(is_local(path) for path in reach)


def local_side(policy: Policy) -> Side:
    """The side of a pass that is about this machine alone: its clock, no login."""
    clock = PassClock(datetime.now(UTC))
    stores = RoutingStore(policy, clock.now)
    return Side(policy, stores, clock, ClockReading(source="local"), local_page, Requests)


def wandb_side(config: Config, policy: Policy, interrupter: Interrupter, stack: ExitStack) -> Side:
    """The side of a pass that W&B has a part in: its clock counts, for local stores as well.

    Raises:
        UsageError: the server cannot be reached, or refuses the login.
        EndedEarlyError: a signal or the deadline came before the server answered.

    """
    door = _door(config, interrupter)
    stack.callback(door.close)
    policy = with_default_entity(policy, door.default_entity)
    clock, reading = read_clock(door.address)
    since = None if config.active_since is None else clock.now() - config.active_since
    stores = RoutingStore(policy, clock.now, WandbStore(door, policy, config.page_size, since))
    page_of = partial(_page, door.app_address)
    return Side(policy, stores, clock, reading, page_of, partial(_traffic, door))


def _door(config: Config, interrupter: Interrupter) -> Door:
    """The way to W&B, for which a pass that must end does not wait."""
    workers = Workers(1, lambda: interrupter.patience(SCANS_END))
    (door,) = workers.run([partial(_door_or_error, config)])
    workers.close()
    reason = interrupter.reason()
    if reason is not None or isinstance(door, Unfinished):
        raise ended_early(reason)
    if isinstance(door, UsageError):
        raise door
    return door


def ended_early(reason: str | None) -> EndedEarlyError:
    """What to raise where a pass was ended before it began."""
    return EndedEarlyError(
        f"ended by {reason} before anything was read; nothing was written", reason=reason
    )


def _door_or_error(config: Config) -> Door | UsageError:
    try:
        return open_door(config)
    except UsageError as error:
        return error


def open_door(config: Config) -> Door:
    """The way to W&B.

    Raises:
        UsageError: it cannot be opened, so no target can be resolved.

    """
    try:
        return Door(config.timeout.total_seconds())
    except StoreError as error:
        raise UsageError(str(error)) from error


def read_clock(address: str) -> tuple[PassClock, ClockReading]:
    """The clock of a pass: the server's, or this machine's where the server does not say."""
    there = server_time(address)
    here = datetime.now(UTC)
    if there is None:
        lost = f"{address} names no time in its answers: ages are measured by this machine"
        return PassClock(here), ClockReading(source="local", warning=lost)
    offset = there - here
    warning: str | None = None
    if abs(offset) > _WORTH_TELLING:
        ahead = "ahead of" if offset > timedelta(0) else "behind"
        warning = (
            f"the clock of {address} is {format_age(offset)} {ahead} this machine's;"
            " ages are measured by the server's"
        )
    reading = ClockReading(
        source="server", offset_seconds=round(offset.total_seconds(), 3), warning=warning
    )
    return PassClock(here if abs(offset) <= _HEADER_STEP else there), reading


def _page(app_address: str, path: str) -> str:
    """The address of a run's page."""
    entity, project, run = path.split("/", 2)
    return f"{app_address}/{quote(entity)}/{quote(project)}/runs/{quote(run)}"


def local_page(path: str) -> str:
    """The address of the folder or file in which a run of this machine is."""
    place = path.partition("/")[2].rsplit("/", 1)[0]
    return Path("/", place).as_uri()


def _traffic(door: Door) -> Requests:
    traffic = door.traffic
    return Requests(
        reads=traffic.reads,
        writes=traffic.writes,
        bytes_in=traffic.bytes_in,
        bytes_out=traffic.bytes_out,
    )
