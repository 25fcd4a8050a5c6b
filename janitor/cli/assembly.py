"""A pass, put together from the settings: store, clock, journal, limits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import platformdirs
from filelock import FileLock, Timeout
from rich.console import Console

from janitor import __version__, delivery
from janitor.cli.conclusion import telling_of_failure
from janitor.cli.progress import observe
from janitor.cli.sides import SCANS_END, are_local, ended_early, local_page, local_side, wandb_side
from janitor.cli.signals import heeding_signals
from janitor.clock import PassClock
from janitor.config import Config
from janitor.errors import JanitorError, JournalError, UsageError
from janitor.guards import BrakeLimits, StandDownLimits
from janitor.interruption import Interrupter
from janitor.journal import journals
from janitor.model import Policy
from janitor.pass_journal import PassJournal
from janitor.past import Past
from janitor.repair import Writer
from janitor.report.schema import Command
from janitor.stores.retrying import RetryingStore
from janitor.stores.routing import is_local
from janitor.work import Guards, Pass

_LOOK_UP = 0.2
"""Seconds between two looks at what may end a wait."""


@contextmanager
def assembled(  # noqa: PLR0913 - each is said on its own on the command line
    config: Config,
    policy: Policy,
    *,
    command: Command,
    dry_run: bool,
    force: bool = False,
    past: Past | None = None,
    reach: Sequence[str] = (),
) -> Iterator[Pass]:
    """A pass that is ready to run; signals end it, and its journal is closed when it is done.

    ``reach`` holds the paths of the targets or runs that it is about: where all of them are on
    this machine, W&B is left alone. Without it, they are taken for W&B's.

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
        side = local_side(policy) if are_local(reach) else None
        side = side or wandb_side(config, policy, interrupter, stack)
        stack.callback(side.stores.close)
        store = RetryingStore(
            side.stores, interrupter.sleep, lambda: interrupter.reason() is not None
        )
        policy, clock = side.policy, side.clock
        work = Pass(
            store=store,
            policy=policy,
            clock=clock,
            observer=stack.enter_context(observe(Console(stderr=True))),
            writer=None,
            guards=_guards(config, force=force),
            interruption=interrupter.reason,
            patience=lambda: interrupter.patience(SCANS_END),
            page_of=lambda path: local_page(path) if is_local(path) else side.page_of(path),
            traffic=lambda: side.traffic().model_copy(update={"retries": store.retries}),
            clock_reading=side.clock_reading,
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
            "nothing to scan: name a --sweep, a --project or a --group, a --store of this machine,"
            " or targets in janitor.yaml"
        )
    delivery.check(config)


def recall(config: Config, reports_of_past: Sequence[Path]) -> Past:
    """What earlier passes wrote, by the journals that are kept and by these reports.

    Raises:
        ReportError: a report cannot be read.

    """
    past = Past(namespace=config.policy.namespace)
    for path in reports_of_past:
        past.add_report(path)
    past.add_journals(journals(journal_folder(config)))
    return past


@contextmanager
def _locked(path: Path, timeout: timedelta, interrupter: Interrupter) -> Iterator[None]:
    lock, until = FileLock(path), monotonic() + timeout.total_seconds()
    while not lock.is_locked:
        left = until - monotonic()
        try:
            lock.acquire(timeout=max(0.0, min(left, _LOOK_UP)))
        except Timeout:
            if (reason := interrupter.reason()) is not None:
                raise ended_early(reason) from None
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
