"""Supervises one process of an experiment: ``python -m janitor.experiments.watcher``.

It registers itself in the state, runs the command, and records how the command ended. So the
outcome is known even if the runner is killed meanwhile. The command begins only when its process
id is on disk: a resumption finds it, and does not start it again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
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
from janitor.runtime.supervise import signal_group, start_group

_GATE: Final = ("/bin/sh", "-c", 'read -r _ || exit 125; exec "$@" </dev/null', "sh")
"""Waits for a line, then becomes the command. Exits if the watcher died before."""

_ENDURING: Final = Retrying(
    retry=retry_if_exception_type(StateFileError),
    wait=wait_exponential(multiplier=0.1, max=10),
    stop=stop_after_delay(600),
    reraise=True,
)
"""Wait up to ten minutes for a full disk or a held lock: a lost outcome is work done twice."""


def command_line(
    state_dir: Path, experiment_id: str, index: int, command: Sequence[str]
) -> list[str]:
    """The command that starts a watcher."""
    place = [str(state_dir), experiment_id, str(index)]
    return [sys.executable, "-m", "janitor.experiments.watcher", *place, *command]


def main(arguments: Sequence[str]) -> int:
    """Run one process; returns the command's exit code, or 0 if there is nothing to do."""
    folder, experiment_id, number, *command = arguments
    return _Watch(StateManager(folder), experiment_id, int(number)).run(command)


class _TakenError(Exception):
    """The process is done already, or another process works on it."""


class _Watch:
    def __init__(self, manager: StateManager, experiment_id: str, index: int) -> None:
        self._manager = manager
        self._id = experiment_id
        self._index = index
        self._child: subprocess.Popen[bytes] | None = None
        self._stop_requested = False

    def run(self, command: Sequence[str]) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            self._manager.update(self._id, self._take)
        except _TakenError:
            return 0
        environ = os.environ | environment(self._manager.state_dir, self._id, self._index)
        with start_group([*_GATE, *command], stdin=subprocess.PIPE, env=environ) as child:
            self._child = child
            identity = ProcessIdentity.of(child.pid)
            self._mark(lambda progress: setattr(progress, "command", identity))
            if self._stop_requested:
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
        """Forward a signal to the command and all that it started. They may take their time."""
        self._stop_requested = True
        if self._child is not None and self._child.poll() is None:
            signal_group(self._child.pid, number)

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
        elif self._stop_requested:
            progress.status = ProcessStatus.PENDING
        else:
            progress.status = ProcessStatus.FAILED
            progress.error = f"ended by signal {-code}" if code < 0 else f"exit code {code}"

    def _mark(self, change: Callable[[ProcessProgress], None]) -> None:
        self._manager.update(self._id, lambda state: change(state.marked(self._index)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
