"""Watches over one process of an experiment: ``python -m janitor.experiments.watcher``.

It takes the process's place in the state, runs the command, and writes down how it ended; so the
outcome is known also where the runner was killed meanwhile. The command begins only once its
number is on disk: whoever resumes finds it, and does not start it again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from janitor.errors import StateFileError
from janitor.experiments.manager import StateManager
from janitor.experiments.progress import environment
from janitor.experiments.state import ExperimentState, ProcessProgress
from janitor.experiments.status import ProcessStatus
from janitor.model import Liveness
from janitor.runtime.processes import ProcessIdentity, this_process

_GATE: Final = ("/bin/sh", "-c", 'read -r _ || exit 125; exec "$@" </dev/null', "sh")
"""Waits for a line, or gives up where the watcher died; then becomes the command."""

_ENDURING: Final = Retrying(
    retry=retry_if_exception_type(StateFileError),
    wait=wait_exponential(multiplier=0.1, max=10),
    stop=stop_after_delay(600),
    reraise=True,
)
"""Ten minutes for a full disk or a held lock to pass: a lost outcome is work done twice."""


def command_line(
    state_dir: Path, experiment_id: str, index: int, command: Sequence[str]
) -> list[str]:
    """How a watcher is started."""
    place = [str(state_dir), experiment_id, str(index)]
    return [sys.executable, "-m", "janitor.experiments.watcher", *place, *command]


def main(arguments: Sequence[str]) -> int:
    """Run one process; returns the command's exit code, or 0 where there is nothing to do."""
    folder, experiment_id, number, *command = arguments
    return _Watch(StateManager(folder), experiment_id, int(number)).run(command)


class _TakenError(Exception):
    """The process is done already, or another is at work on it."""


class _Watch:
    def __init__(self, manager: StateManager, experiment_id: str, index: int) -> None:
        self._manager = manager
        self._id = experiment_id
        self._index = index
        self._child: subprocess.Popen[bytes] | None = None
        self._told_to_stop = False

    def run(self, command: Sequence[str]) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            self._manager.update(self._id, self._take)
        except _TakenError:
            return 0
        environ = os.environ | environment(self._manager.state_dir, self._id, self._index)
        with subprocess.Popen(  # noqa: S603 - to run the caller's command is the purpose
            [*_GATE, *command],
            stdin=subprocess.PIPE,
            env=environ,
            process_group=0,  # what the command starts is told to stop with it
        ) as child:
            self._child = child
            identity = ProcessIdentity.of(child.pid)
            self._mark(lambda progress: setattr(progress, "command", identity))
            if self._told_to_stop:
                child.terminate()
            elif child.stdin is not None:
                child.stdin.write(b"\n")
                child.stdin.close()
            code = child.wait()
        for attempt in _ENDURING:
            with attempt:
                self._mark(lambda progress: self._conclude(progress, code))
        return code

    def _stop(self, number: int, _: FrameType | None) -> None:
        """Pass a signal on; the command may take its time."""
        self._told_to_stop = True
        if self._child is not None and self._child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def _take(self, state: ExperimentState) -> None:
        progress = state.marked(self._index)
        taken = any(one.liveness() is not Liveness.DEAD for one in progress.identities())
        if progress.status is ProcessStatus.COMPLETED or taken:
            raise _TakenError
        progress.status = ProcessStatus.RUNNING
        progress.identity, progress.command = this_process(), None
        progress.attempts += 1
        progress.started_at, progress.finished_at = self._manager.now(), None
        progress.exit_code = progress.error = None

    def _conclude(self, progress: ProcessProgress, code: int) -> None:
        progress.exit_code = code
        progress.finished_at = self._manager.now()
        if code == 0:
            progress.status = ProcessStatus.COMPLETED
        elif self._told_to_stop:
            progress.status = ProcessStatus.PENDING
        else:
            progress.status = ProcessStatus.FAILED
            progress.error = f"ended by signal {-code}" if code < 0 else f"exit code {code}"

    def _mark(self, change: Callable[[ProcessProgress], None]) -> None:
        self._manager.update(self._id, lambda state: change(state.marked(self._index)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
