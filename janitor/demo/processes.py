"""The processes of the demo: the server, and the real trainings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from janitor.demo import tuning
from janitor.demo.seeds import PROJECT, sweeps_and_runs
from janitor.demo.trainings import KILLED, TRAININGS, Training
from janitor.emulator import Emulator, RunView
from janitor.errors import JanitorError
from janitor.model.summary import form_of
from janitor.runtime.supervise import signal_group, start_group
from janitor.storage.temporary import TemporaryFolder

_PATIENCE: Final = 120
"""Seconds in which the trainings must reach the state that the demo shows; usually 5."""
_DEAD_FOR: Final = timedelta(minutes=50)
"""The times of the killed training are moved back this far, so that nobody has to wait."""
_TIMES_OF_THE_MANAGER: Final = frozenset({"protein.heartbeat", "protein.last_update"})
_OF_THE_USER: Final = ("XDG_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Stage:
    """A server with runs, and a temporary folder for the files of its clients."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self._folder = folder

    @classmethod
    @contextmanager
    def set_up(cls) -> Iterator[Self]:
        """Start the server with the prepared runs; everything is removed when the block ends."""
        with TemporaryFolder("janitor-demo-") as folder, Emulator() as emulator:
            emulator.seed(sweeps_and_runs(emulator.now(), tuning.seed()))
            yield cls(emulator, folder.path)

    def environment(self, client: str) -> dict[str, str]:
        """Environment variables for a client of the server, without the user's own folders."""
        given = self.emulator.environment(self._folder / client)
        kept = {k: v for k, v in given.items() if not k.upper().startswith(_OF_THE_USER)}
        temporary = self._folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return kept | {"TMPDIR": str(temporary), "NO_PROXY": "*"}

    @contextmanager
    def trainings(self) -> Iterator[None]:
        """Start the real trainings, and continue when each has reached its state.

        They end with the block, and also if this process is killed, because their stdin ends.

        Raises:
            JanitorError: one of them does not get there in time.

        """
        log = self._folder / "trainings.log"
        with log.open("wb") as output:
            driver = start_group(
                [sys.executable, "-m", "janitor.demo.trainings"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=self.environment("trainings"),
                cwd=self._folder,
            )
        try:
            self._await_trainings(_processes(driver), log)
            yield
        finally:
            signal_group(driver.pid, signal.SIGKILL)
            driver.communicate()

    def _await_trainings(self, processes: Mapping[str, int], log: Path) -> None:
        until = time.monotonic() + _PATIENCE

        def wait_for(training: Training, is_so_far: Callable[[Training], bool]) -> None:
            wait(f"the training {training.name}", lambda: is_so_far(training))

        def wait(name: str, is_so_far: Callable[[], bool]) -> None:
            while not is_so_far():
                if time.monotonic() > until:
                    raise _stuck(name, log)
                time.sleep(0.05)

        wait_for(KILLED, self._has_logged)
        os.kill(processes[KILLED.name], signal.SIGKILL)
        for training in TRAININGS:
            if training is not KILLED:
                wait_for(training, self._has_logged if training.is_alive else self._has_ended)
        wait_for(KILLED, lambda _: self._is_dated_back(f"{PROJECT}/{KILLED.name}"))
        for training in TRAININGS:
            path = f"{PROJECT}/{training.name}"
            if self.emulator.run(path).state == "failed":
                self._is_dated_back(path)
        wait("the sweep", lambda: self._fatal_run() is not None)
        fatal = self._fatal_run()
        if fatal is not None:
            os.kill(fatal.summary["protein.process"], signal.SIGKILL)
            wait("the sweep", lambda: len(self._ended_runs()) == len(tuning.RATES) - 1)
            wait("the sweep", lambda: self._is_dated_back(fatal.path))

    def _has_logged(self, training: Training) -> bool:
        path = f"{PROJECT}/{training.name}"
        if path not in self.emulator.run_paths():
            return False
        summary = self.emulator.run(path).summary or {}
        return "loss" in summary and form_of(summary, "protein") is not None

    def _has_ended(self, training: Training) -> bool:
        path = f"{PROJECT}/{training.name}"
        if path not in self.emulator.run_paths():
            return False
        return self.emulator.run(path).state in {"finished", "failed"}

    def _swept_runs(self) -> list[RunView]:
        sweep = self.emulator.sweep(f"{PROJECT}/{tuning.SWEEP}")
        return [self.emulator.run(f"{PROJECT}/{name}") for name in sweep.runs]

    def _fatal_run(self) -> RunView | None:
        """The run to kill with its agent, once it has recorded its process id."""
        for run in self._swept_runs():
            if run.config.get("lr") == tuning.FATAL and "protein.process" in (run.summary or {}):
                return run
        return None

    def _ended_runs(self) -> list[RunView]:
        return [run for run in self._swept_runs() if run.state in {"finished", "failed"}]

    def _is_dated_back(self, path: str) -> bool:
        """Move the times of a dead run back. Returns whether the server says it ended long ago."""
        then = self.emulator.now() - _DEAD_FOR
        given = self.emulator.run(path).summary.keys() & _TIMES_OF_THE_MANAGER
        times = {"_timestamp": then.timestamp(), **dict.fromkeys(given, then.isoformat())}
        run = self.emulator.change(
            path,
            created_at=(then - timedelta(hours=1)).isoformat(),
            heartbeat_at=then.isoformat(),
            summary_update=times,
        )
        return run.state in {"crashed", "failed"}


def _stuck(name: str, log: Path) -> JanitorError:
    last = " ".join(log.read_text(errors="replace").split()[-60:])
    return JanitorError(
        f"{name} was not ready after {_PATIENCE} seconds;"
        f" the last output of the trainings: {last or 'none'}"
    )


def _processes(driver: subprocess.Popen[bytes]) -> dict[str, int]:
    """The process id of each training."""
    line = driver.stdout.readline() if driver.stdout else b""
    if not line:
        raise JanitorError("the processes of the real trainings could not be started")
    processes: dict[str, int] = json.loads(line)
    return processes
