"""The composition root: a pass put together from the settings, for the CLI, scripts and notebooks.

:func:`fix` is one pass. :func:`open_pass` gives the parts of a pass to callers that do more than
that, such as ``janitor apply``.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import platformdirs
import structlog

from janitor.config import Config
from janitor.errors import StoreError, UsageError
from janitor.model import AnyTarget, Policy, RunInfo, is_local
from janitor.model.ports import Clock
from janitor.pipeline import fix as passes
from janitor.pipeline.context import Guards, Pass
from janitor.pipeline.history import Past
from janitor.pipeline.journal_writer import PassJournal
from janitor.pipeline.repair import Writer
from janitor.pipeline.repair.read_age import ReadAge
from janitor.pipeline.retention import Retention
from janitor.pipeline.scan import Observer, Unobserved
from janitor.records.journal import journals
from janitor.records.report import Command, Report
from janitor.runtime.clock import PassClock
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.signals import heeding_signals
from janitor.storage.locks import held_by_one_pass
from janitor.storage.untrusted import check_private_folder, private_temporary_folder
from janitor.stores.backends import are_local, local_backend, wandb_backend


def fix(
    targets: Sequence[AnyTarget] = (),
    config: Config | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    previous: Sequence[Path] = (),
) -> Report:
    """Scan the targets, repair the state of their runs, and report what was changed and why.

    The same pass as ``janitor fix``, without its output: nothing is printed, no report file is
    written, no notification is sent. In the main thread SIGINT and SIGTERM end the pass: no new
    write begins, and the report says so. A second signal ends it at once.

    Args:
        targets: What to scan, from :func:`janitor.parse_target`; without them, those of the
            settings.
        config: The settings; the defaults without it. ``janitor.config.load`` reads a file.
        dry_run: Report what would be changed, and change nothing.
        force: Write even if the brake trips. Use it after reviewing a dry run.
        previous: ``.json`` reports of earlier passes, where no journal is kept.

    Raises:
        UsageError: there is nothing to scan, the server cannot be reached or refuses the login.
        JanitorError: the lock is held, or the journal cannot be made.

    """
    config = config or Config()
    targets = tuple(targets) or config.targets
    check_targets(targets)
    interrupter = Interrupter(config.deadline)
    reach = [str(target) for target in targets]
    past = recall(config, previous)
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(heeding_signals(interrupter, second=KeyboardInterrupt))
        opened = open_pass(
            config,
            config.policy,
            interrupter,
            command="fix",
            dry_run=dry_run,
            force=force,
            past=past,
            reach=reach,
        )
        return passes.fix(targets, stack.enter_context(opened))


@contextmanager
def open_pass(  # noqa: PLR0913 - each is an option of its own on the command line
    config: Config,
    policy: Policy,
    interrupter: Interrupter,
    *,
    command: Command,
    dry_run: bool,
    force: bool = False,
    past: Past | None = None,
    reach: Sequence[str] = (),
    observer: Observer | None = None,
) -> Iterator[Pass]:
    """A pass that is ready to run; its journal is closed when the block ends.

    Args:
        config: The settings.
        policy: What the rules are given; a plan brings its own.
        interrupter: Ends the pass early.
        command: What is being done.
        dry_run: Whether nothing is written.
        force: Whether the brake is overruled.
        past: What earlier passes wrote.
        reach: The paths of the targets or runs that the pass is about. If all of them are on this
            machine, W&B is not contacted. Without it, they are assumed to be on W&B.
        observer: Receives the progress.

    Raises:
        UsageError: the server cannot be reached, or refuses the login.
        JournalError: the journal cannot be made.
        JanitorError: another janitor holds the lock.
        EndedEarlyError: a signal or the deadline came before everything was ready.

    """
    with ExitStack() as stack:
        if config.lock is not None and not dry_run:
            stack.enter_context(held_by_one_pass(config.lock, config.lock_timeout, interrupter))
        backend = local_backend(policy, interrupter) if are_local(reach) else None
        backend = backend or wandb_backend(config, policy, interrupter, stack)
        stack.callback(backend.stores.close)
        writer = None
        if not dry_run:
            journal = _journal(config, backend.clock, command, backend.policy.namespace)
            stack.callback(lambda: journal.close(interrupter.reason()))
            writer = Writer(
                store=backend.store,
                clock=backend.clock,
                journal=journal,
                stop_requested=interrupter.asked,
                patience=interrupter.patience,
                sleep=interrupter.sleep,
                read_age=ReadAge(config.max_read_age.total_seconds()),
            )
        yield Pass(
            store=backend.store,
            backend=backend,
            policy=backend.policy,
            clock=backend.clock,
            observer=observer or Unobserved(),
            interrupter=interrupter,
            guards=Guards(config.brake_limits, config.stand_down_limits, force),
            past=past or Past(),
            writer=writer,
            shard=config.shard,
        )


def check_targets(targets: Sequence[AnyTarget]) -> None:
    """Make sure that there is something to scan.

    Raises:
        UsageError: no target is named.

    """
    if not targets:
        raise UsageError(
            "nothing to scan: name a --sweep, a --project or a --group, a --store of this machine,"
            " or targets in janitor.yaml"
        )


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


def read_run(path: str, config: Config) -> tuple[RunInfo | StoreError, Policy, Clock]:
    """One run, whole and fresh, with the policy and the clock that judge it.

    Args:
        path: ENTITY/PROJECT/RUN, or the path of a run of this machine as reports write it.
        config: The settings.

    Raises:
        TargetError: the path is malformed.
        UsageError: the server cannot be reached, or refuses the login.

    """
    interrupter = Interrupter()
    with ExitStack() as stack:
        if is_local(path):
            backend = local_backend(config.policy, interrupter)
        else:
            backend = wandb_backend(config, config.policy, interrupter, stack)
        path = backend.path_of(path)
        found = backend.stores.fetch_summaries([path])[path]
        return found, backend.policy, backend.clock


def journal_folder(config: Config) -> Path:
    """The folder of the journals: the user's own, into which nobody else can write.

    Where there is no home, or it cannot be written, ``janitor-UID`` among the temporary files.
    The folder need not exist.

    Raises:
        UsageError: other users can put files into the folder. Journals are input of the next
            pass, so there is no other place for them without a word.

    """
    if config.journal is not None:
        check_private_folder(config.journal)
        return config.journal
    try:
        folder = Path(platformdirs.user_state_dir("janitor")) / "journals"
    except RuntimeError:  # a user whom this machine does not know, and no HOME
        return private_temporary_folder()
    if not folder.is_absolute() or not _can_be_written(folder):
        return private_temporary_folder()
    check_private_folder(folder)
    return folder


def _can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it is missing."""
    try:
        place = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError:
        return False
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _journal(config: Config, clock: PassClock, command: Command, namespace: str) -> PassJournal:
    """The journal of the pass."""
    folder = journal_folder(config)
    retention = Retention(config.journal_max_age, config.journal_max_megabytes * 1_000_000)
    journal = PassJournal(folder, clock, command=command, namespace=namespace, retention=retention)
    if config.journal is None and folder.parent == Path(tempfile.gettempdir()):
        private_temporary_folder()  # somebody else may have made it meanwhile
        warning = (
            f"journals are kept in {folder}, among temporary files: undo is possible only as long"
            " as they exist; name a folder that stays with --journal"
        )
        structlog.stdlib.get_logger("janitor.journal").warning(warning)
    return journal
