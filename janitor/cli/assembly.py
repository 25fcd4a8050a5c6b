"""A pass, put together from the settings: store, clock, journal, limits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import platformdirs
from filelock import FileLock, Timeout
from rich.console import Console

from janitor import __version__, delivery
from janitor.cli.conclusion import telling_of_failure
from janitor.cli.progress import observe
from janitor.cli.signals import heeding_signals
from janitor.clock import PassClock
from janitor.config import Config
from janitor.durations import format_age
from janitor.errors import EndedEarlyError, JanitorError, JournalError, StoreError, UsageError
from janitor.guards import BrakeLimits, StandDownLimits
from janitor.interruption import Interrupter
from janitor.journal import PassJournal, journals
from janitor.model import Policy
from janitor.past import Past
from janitor.pipeline import Guards, Pass
from janitor.repair import Writer
from janitor.report.schema import ClockReading, Command, Requests
from janitor.rules.selection import with_default_entity
from janitor.stores.retrying import RetryingStore
from janitor.stores.wandb import Door, WandbStore
from janitor.stores.wandb.server_time import server_time
from janitor.workers import Unfinished, Workers

_HEADER_STEP = timedelta(seconds=1.5)
"""The Date header counts whole seconds: clocks this close to each other agree."""
_LOOK_UP = 0.2
"""Seconds between two looks at what may end a wait."""
_WORTH_TELLING = timedelta(seconds=60)


@contextmanager
def assembled(
    config: Config,
    policy: Policy,
    *,
    command: Command,
    dry_run: bool,
    force: bool = False,
    past: Past | None = None,
) -> Iterator[Pass]:
    """A pass that is ready to run; signals end it, and its journal is closed when it is done.

    Raises:
        UsageError: the server cannot be reached, or refuses the login.
        JournalError: the journal cannot be made.
        JanitorError: another janitor holds the lock.
        EndedEarlyError: a signal or the deadline came before all was there.

    """
    interrupter = Interrupter(config.deadline)
    with ExitStack() as stack:
        stack.enter_context(telling_of_failure(command, config))
        stack.enter_context(heeding_signals(interrupter))
        if config.lock is not None and not dry_run:
            stack.enter_context(_locked(config.lock, config.lock_timeout, interrupter))
        door = _door(config, interrupter)
        stack.callback(door.close)
        policy = with_default_entity(policy, door.default_entity)
        clock, reading = read_clock(door.address)
        since = None if config.active_since is None else clock.now() - config.active_since
        store = RetryingStore(
            WandbStore(door, policy, config.page_size, since),
            interrupter.sleep,
            lambda: interrupter.reason() is not None,
        )
        work = Pass(
            store=store,
            policy=policy,
            clock=clock,
            observer=stack.enter_context(observe(Console(stderr=True))),
            writer=None,
            guards=_guards(config, force=force),
            interruption=interrupter.reason,
            patience=lambda: interrupter.patience(_SCANS_END),
            page_of=lambda path: _page(door.app_address, path),
            traffic=lambda: _traffic(door, store),
            clock_reading=reading,
            journal=lambda: None,
            past=past or Past(),
            version=__version__,
            shard=config.shard,
        )
        if dry_run:
            yield work
            return
        journal = _journal(config, clock, command, policy.namespace)
        stack.callback(lambda: journal.close(interrupter.reason()))
        writer = Writer(
            store=store,
            clock=clock,
            journal=journal,
            stop_requested=work.should_stop,
            patience=interrupter.patience,
            sleep=interrupter.sleep,
        )
        yield replace(
            work, writer=writer, journal=lambda: str(journal.path) if journal.path else None
        )


def check_before(config: Config) -> None:
    """Make sure, before anything is done, that there is something to scan and room to tell it.

    Raises:
        UsageError: no target is named, or somebody who is to be told cannot be.

    """
    if not config.targets:
        raise UsageError(
            "nothing to scan: name a --sweep, a --project or a --group, or targets in janitor.yaml"
        )
    delivery.check(config)


def recall(config: Config, reports_of_past: Sequence[Path]) -> Past:
    """What earlier passes wrote, by the journals that are kept and by these reports.

    Raises:
        ReportError: a report cannot be read.

    """
    past = Past()
    for path in reports_of_past:
        past.add_report(path)
    past.add_journals(journals(journal_folder(config)))
    return past


_SCANS_END = 2.0
"""Seconds after which a pass that was asked to end waits for no page any more."""


def _door(config: Config, interrupter: Interrupter) -> Door:
    """The way to W&B, for which a pass that must end does not wait."""
    workers = Workers(1, lambda: interrupter.patience(_SCANS_END))
    (door,) = workers.run([partial(_door_or_error, config)])
    workers.close()
    reason = interrupter.reason()
    if reason is not None or isinstance(door, Unfinished):
        raise _ended_early(reason)
    if isinstance(door, UsageError):
        raise door
    return door


def _ended_early(reason: str | None) -> EndedEarlyError:
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


@contextmanager
def _locked(path: Path, timeout: timedelta, interrupter: Interrupter) -> Iterator[None]:
    lock, until = FileLock(path), monotonic() + timeout.total_seconds()
    while not lock.is_locked:
        left = until - monotonic()
        try:
            lock.acquire(timeout=max(0.0, min(left, _LOOK_UP)))
        except Timeout:
            if (reason := interrupter.reason()) is not None:
                raise _ended_early(reason) from None
            if left <= 0:
                raise JanitorError(
                    f"another janitor holds the lock {path}; it is left to finish"
                    " (--lock-timeout waits)"
                ) from None
        except OSError as error:
            raise UsageError(f"cannot use the lock {path}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def _guards(config: Config, *, force: bool) -> Guards:
    limits, stand_down = config.limits, config.stand_down
    return Guards(
        brake=BrakeLimits(limits.max_changes, limits.max_silent_percent),
        stand_down=StandDownLimits(
            enabled=stand_down.enabled,
            window=stand_down.window,
            percent=stand_down.share_percent,
            min_runs=stand_down.min_runs,
            within=stand_down.within,
            crashed_within=stand_down.crashed_within,
        ),
        force=force,
    )


def journal_folder(config: Config) -> Path:
    """Where journals are kept; in the folder for temporary files where there is no home."""
    if config.journal is not None:
        return config.journal
    try:
        folder = Path(platformdirs.user_state_dir("janitor")) / "journals"
    except RuntimeError:  # a user whom this machine does not know, and no HOME
        return _temporary_folder()
    return folder if folder.is_absolute() else _temporary_folder()


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / "janitor-journals"


def _journal(config: Config, clock: PassClock, command: Command, namespace: str) -> PassJournal:
    """The pass's journal; with nowhere else to keep it, among the temporary files."""
    about = {"command": command, "namespace": namespace, "version": __version__}
    folder = journal_folder(config)
    try:
        return PassJournal(folder, clock, **about)
    except JournalError:
        if config.journal is not None or folder == _temporary_folder():
            raise
        return PassJournal(_temporary_folder(), clock, **about)


def _page(app_address: str, path: str) -> str:
    """The address of a run's page."""
    entity, project, run = path.split("/", 2)
    return f"{app_address}/{quote(entity)}/{quote(project)}/runs/{quote(run)}"


def _traffic(door: Door, store: RetryingStore) -> Requests:
    traffic = door.traffic
    return Requests(
        reads=traffic.reads,
        writes=traffic.writes,
        bytes_in=traffic.bytes_in,
        bytes_out=traffic.bytes_out,
        retries=store.retries,
    )
