"""ExperimentRunner: runs experiments from configuration to aggregated results, resumable."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Event, Lock
from typing import Any, Final

import psutil

from janitor.errors import NotFoundError, StateFileError
from janitor.experiments import claims, watcher
from janitor.experiments.hashing import config_hash
from janitor.experiments.manager import StateManager
from janitor.experiments.state import ExperimentState
from janitor.experiments.status import ExperimentStatus, ProcessStatus
from janitor.model import Liveness
from janitor.runtime.processes import ProcessIdentity
from janitor.runtime.supervise import signal_group, start_group
from janitor.storage.atomic import make_folder
from janitor.storage.locks import locked

Aggregate = Callable[[ExperimentState], Any]
"""Combines the results of the processes. The return value is kept as ``state.result``."""

_LOCK: Final = ".runner.lock"
_PATIENCE: Final = 60
"""Seconds to wait for another runner that is starting."""
_LOOK_UP: Final = 0.2
"""Seconds between two checks of a process, and of whether to go on waiting for it."""


class ExperimentRunner:
    """Runs experiments: each process is a command, supervised by a process of its own.

    A runner may be killed at any time. Its processes go on, and their outcomes are recorded. A
    resumption waits for the processes that still run, and starts only those that did not complete.

    Args:
        manager: Holds the states.
        aggregate: Called when all processes have completed.
        parallel: How many processes run at once; all by default.

    """

    def __init__(
        self,
        manager: StateManager,
        *,
        aggregate: Aggregate = lambda _: None,
        parallel: int | None = None,
    ) -> None:
        self._manager = manager
        self._aggregate = aggregate
        self._parallel = parallel
        self._stopped = Event()
        self._left = Event()
        self._starting = Lock()
        self._children: list[subprocess.Popen[bytes]] = []

    def run(
        self,
        config: Mapping[str, Any],
        processes: Sequence[Sequence[str]],
        *,
        resume: bool | str = True,
    ) -> ExperimentState:
        """Run an experiment to its end, and return its state: aggregated or failed.

        Args:
            config: The configuration. Its hash finds an experiment that was begun before.
            processes: The command of each process. Its output goes to ``logs/ID.N.log`` beside
                the states.
            resume: The id of an experiment to resume; True to resume the newest one with this
                configuration, if there is one; False to begin a new one.

        Raises:
            KeyboardInterrupt: Ctrl+C; the processes were told to stop, and the state is
                INTERRUPTED. A second Ctrl+C does not wait for their end.
            NotFoundError: no experiment has this id.
            UsageError: it has another configuration or another number of processes, or a process
                has no command.
            HeldError: another process runs it, or may run it.

        """
        claims.check_commands(processes)
        self._stopped.clear()
        self._left.clear()
        self._children.clear()
        begun = self._begun(config, processes, resume)
        if begun.status is ExperimentStatus.AGGREGATED:
            return begun
        name = begun.experiment_id
        try:
            self._see_all_through(name, processes)
        except BaseException:
            self._interrupt(name)
            raise
        return self._concluded(name)

    # -- beginning

    def _begun(
        self,
        config: Mapping[str, Any],
        processes: Sequence[Sequence[str]],
        resume: bool | str,  # noqa: FBT001 - as `run` takes it
    ) -> ExperimentState:
        """The experiment, found or new, owned by this process. One runner of a folder at a time."""
        folder = self._manager.state_dir
        make_folder(folder, error=StateFileError)
        with locked(folder / _LOCK, _PATIENCE):
            found = self._found(config, resume) or self._manager.create(
                self._new_id(), num_processes=len(processes), config=config
            )
            claims.check_same(found, config, processes)
            if found.status is ExperimentStatus.AGGREGATED:
                return found
            return self._manager.update(found.experiment_id, claims.take_over)

    def _found(self, config: Mapping[str, Any], resume: bool | str) -> ExperimentState | None:  # noqa: FBT001 - as `run` takes it
        if isinstance(resume, str):
            return self._manager.load(resume)
        return self._manager.find_by_config_hash(config_hash(config)) if resume else None

    def _new_id(self) -> str:
        stem = name = f"exp_{self._manager.now():%Y%m%d_%H%M%S}"
        number = 1
        while self._manager.path(name).exists():
            number += 1
            name = f"{stem}_{number}"
        return name

    # -- running

    def _see_all_through(self, name: str, processes: Sequence[Sequence[str]]) -> None:
        futures: list[Future[None]] = []
        with ThreadPoolExecutor(self._parallel or len(processes)) as pool:
            try:
                for index, command in enumerate(processes):
                    futures.append(pool.submit(self._see_through, name, index, command))
                for future in futures:
                    future.result()
            except BaseException:
                try:
                    self._tell_to_stop(name)
                    wait(futures)
                except BaseException:  # told a second time to stop: leave what still runs
                    self._left.set()
                    raise
                raise

    def _see_through(self, name: str, index: int, command: Sequence[str]) -> None:
        """Run one process to its end: wait for it if it runs already, else start it once."""
        started = False
        while not self._stopped.is_set():
            progress = self._manager.load(name).marked(index)
            at_work = claims.at_work(name, index, progress)
            if at_work is not None:
                self._wait_for(at_work)
            elif progress.status is ProcessStatus.COMPLETED:
                return
            elif started:
                self._manager.update(name, lambda state: claims.lost(state.marked(index)))
                return
            else:
                self._start(name, index, command)
                started = True

    def _start(self, name: str, index: int, command: Sequence[str]) -> None:
        folder = self._manager.state_dir
        logs = folder / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        with (logs / f"{name}.{index}.log").open("ab") as log, self._starting:
            if self._stopped.is_set():
                return
            child = start_group(
                watcher.command_line(folder, name, index, command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            self._children.append(child)
        while not self._left.is_set():
            with suppress(subprocess.TimeoutExpired):
                child.wait(_LOOK_UP)
                return

    def _wait_for(self, identity: ProcessIdentity) -> None:
        """Wait for a process that another runner started: it is not a child of this process."""
        with suppress(psutil.Error):
            psutil.Process(identity.pid).wait(_LOOK_UP)

    def _tell_to_stop(self, name: str) -> None:
        """Ask every process of the experiment to end, including those of earlier runners."""
        self._stopped.set()
        with self._starting:
            for child in self._children:
                child.terminate()
        ours = {child.pid for child in self._children}
        for progress in self._manager.load(name).process_progress.values():
            alive = [one for one in progress.identities() if one.liveness() is Liveness.ALIVE]
            for identity in alive[:1]:  # a watcher forwards it to its command
                if identity.pid not in ours:
                    with suppress(PermissionError):
                        signal_group(identity.pid, signal.SIGTERM)

    # -- the end

    def _interrupt(self, name: str) -> None:
        with suppress(NotFoundError):
            self._manager.update(name, lambda state: state.interrupt(self._manager.now()))

    def _concluded(self, name: str) -> ExperimentState:
        state = self._manager.load(name)
        if not state.can_aggregate():
            return self._manager.update(name, self._failed)
        state = self._manager.update(
            name, lambda found: setattr(found, "status", ExperimentStatus.COMPLETED)
        )
        try:
            result = self._aggregate(state)
        except BaseException:
            self._manager.update(name, lambda found: setattr(found, "owner", None))
            raise

        def aggregated(found: ExperimentState) -> None:
            found.status, found.result = ExperimentStatus.AGGREGATED, result
            found.completed_at, found.owner = self._manager.now(), None

        return self._manager.update(name, aggregated)

    def _failed(self, state: ExperimentState) -> None:
        state.status, state.owner = ExperimentStatus.FAILED, None
        state.error = "; ".join(
            f"process {index}: {progress.error or progress.status}"
            for index, progress in state.process_progress.items()
            if progress.status is not ProcessStatus.COMPLETED
        )
