"""The composition root: it builds a pass from the settings, for the CLI, scripts and notebooks.

:func:`fix` is one pass. :func:`open_pass` is for callers that need the parts of a pass, such as
``janitor apply``.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from janitor import __version__
from janitor.config import Config
from janitor.errors import NotFoundError, StateFileError, StoreError, UsageError
from janitor.model import AnyTarget, Policy, RunInfo, Target, TargetKind, is_local
from janitor.model.ports import Clock, Store
from janitor.pipeline import fix as passes
from janitor.pipeline.context import Guards, Pass
from janitor.pipeline.history import Past
from janitor.pipeline.incremental import Memory, policy_digest
from janitor.pipeline.journal_writer import PassJournal
from janitor.pipeline.repair import Writer
from janitor.pipeline.repair.read_age import ReadAge
from janitor.pipeline.retention import Retention
from janitor.pipeline.run_index import FILE_NAME, RunIndex
from janitor.pipeline.scan import Observer, Unobserved
from janitor.records.journal import journals
from janitor.records.report import Command, Report
from janitor.runtime.clock import PassClock
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.log import Logger
from janitor.runtime.signals import heeding_signals
from janitor.storage.journal_folder import journal_folder
from janitor.storage.locks import held_by_one_pass
from janitor.storage.untrusted import private_temporary_folder
from janitor.stores.backends import (
    Backend,
    are_local,
    checked_run_path,
    local_backend,
    wandb_backend,
)

_SMALL_TARGET = 500
"""A third of the runs that a target may have and is always read as a whole."""


def fix(
    targets: Sequence[AnyTarget] = (),
    config: Config | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    previous: Sequence[Path] = (),
) -> Report:
    """Scan the targets, repair the state of their runs, and report what was changed and why.

    The same pass as ``janitor fix``, without its output: it prints nothing, writes no report file
    and sends no notification. In the main thread SIGINT and SIGTERM end the pass: no new write
    begins, and the report says so. A second signal ends it at once.

    Args:
        targets: What to scan, from :func:`janitor.parse_target`. The default is the targets of the
            settings.
        config: The settings, such as ``janitor.config.load`` reads from a file. The default is the
            default settings.
        dry_run: Report what would be changed, and change nothing.
        force: Write even if the brake trips. Use it after reviewing a dry run.
        previous: ``.json`` reports of earlier passes, if their journals are not kept.

    Raises:
        UsageError: no target was given, or the server refuses the login.
        TransientError: the server does not answer, or answers with errors that may pass.
        JanitorError: another pass holds the lock, or the journal cannot be created.

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
    """A pass that is ready to run. Its journal is closed when the block ends.

    Args:
        config: The settings.
        policy: The policy of the pass; a plan contains its own.
        interrupter: Ends the pass early.
        command: The command that runs the pass.
        dry_run: Whether nothing is written.
        force: Whether to overrule the brake.
        past: What earlier passes wrote.
        reach: The paths of the targets or runs of the pass. If all of them are on this machine,
            W&B is not contacted. Without paths, W&B is assumed.
        observer: Receives the progress.

    Raises:
        UsageError: the server refuses the login, or the settings cannot be used.
        TransientError: the server does not answer, or answers with errors that may pass.
        JournalError: the journal cannot be created.
        JanitorError: another pass holds the lock.
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
            parts=backend.store if backend.server else None,
            memory=None
            if command == "apply"
            else _memory(config, backend, past or Past(), stack, dry_run=dry_run),
        )


def _memory(
    config: Config, backend: Backend, past: Past, stack: ExitStack, *, dry_run: bool
) -> Memory | None:
    """What earlier passes read; None if everything is to be read.

    Without the server's time, it cannot be said what may have changed since a moment.
    """
    folder = journal_folder(config.journal)
    is_kept = config.journal is not None or folder.parent != Path(tempfile.gettempdir())
    if not (config.incremental and is_kept and backend.server):
        return None
    if backend.clock_reading.source != "server":
        return None
    try:
        index = RunIndex(folder / FILE_NAME, read_only=dry_run)
    except StateFileError as error:
        message = f"every run is read: {error}"
        Logger("janitor.index").warning(message)
        return None
    stack.callback(index.close)
    return Memory(
        index,
        backend.store,
        backend.server,
        policy_digest(backend.policy, __version__),
        config.full_every,
        backend.clock.now(),
        past.written_at(),
        None if backend.active_since is None else int(backend.active_since.timestamp()),
        max(config.page_size, _SMALL_TARGET),
    )


def check_targets(targets: Sequence[AnyTarget]) -> None:
    """Check that there is something to scan.

    Raises:
        UsageError: there are no targets.

    """
    if not targets:
        raise UsageError(
            "nothing to scan: name a target such as ENTITY/PROJECT or ENTITY/PROJECT/SWEEP, or"
            " targets in janitor.yaml (`janitor init --project ENTITY/PROJECT` writes one)"
        )


def recall(config: Config, reports_of_past: Sequence[Path]) -> Past:
    """What earlier passes wrote, read from the kept journals and from these reports.

    Raises:
        ReportError: a report cannot be read.

    """
    past = Past(namespace=config.policy.namespace)
    for path in reports_of_past:
        past.add_report(path)
    past.add_journals(journals(journal_folder(config.journal)))
    return past


def read_run(path: str, config: Config) -> tuple[RunInfo | StoreError, Policy, Clock]:
    """One run, read now with its whole summary, and the policy and clock to judge it with.

    Args:
        path: ENTITY/PROJECT/RUN, or the path of a local run as it appears in reports.
        config: The settings.

    Raises:
        TargetError: the path is malformed.
        UsageError: the server refuses the login, or the settings cannot be used.
        TransientError: the server does not answer, or answers with errors that may pass.

    """
    interrupter = Interrupter()
    with ExitStack() as stack:
        if is_local(path):
            backend = local_backend(config.policy, interrupter)
        else:
            checked_run_path(path)  # before the login
            backend = wandb_backend(config, config.policy, interrupter, stack)
        path = backend.path_of(path)
        found = backend.stores.fetch_summaries([path])[path]
        if isinstance(found, NotFoundError) and not is_local(path):
            found = _named(path, backend.stores) or found
        return found, backend.policy, backend.clock


def _named(path: str, stores: Store) -> RunInfo | StoreError | None:
    """The run with this display name in place of an ID; None if no run has it.

    Raises:
        UsageError: several runs have this display name.

    """
    entity, project, name = path.split("/", 2)
    asked = Target(TargetKind.FILTER, entity, project, json.dumps({"display_name": name}))
    runs = [run.path for run in stores.fetch_runs(asked).runs]
    if len(runs) > 1:
        raise UsageError(f"{len(runs)} runs are called {name!r}; name one: {', '.join(runs[:5])}")
    return stores.fetch_summaries(runs)[runs[0]] if runs else None


def _journal(config: Config, clock: PassClock, command: Command, namespace: str) -> PassJournal:
    """The journal of the pass."""
    folder = journal_folder(config.journal)
    retention = Retention(config.journal_max_age, config.journal_max_megabytes * 1_000_000)
    journal = PassJournal(folder, clock, command=command, namespace=namespace, retention=retention)
    if config.journal is None and folder.parent == Path(tempfile.gettempdir()):
        private_temporary_folder()  # another user may have created it meanwhile
        warning = (
            f"journals are kept in {folder}, a folder for temporary files: undo is possible only"
            " as long as they exist; use --journal to name a permanent folder"
        )
        Logger("janitor.journal").warning(warning)
    return journal
