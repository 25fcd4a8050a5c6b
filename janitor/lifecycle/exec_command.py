"""``janitor exec``: runs a command, and records the states of its runs, for code left unchanged."""

from __future__ import annotations

import os
import secrets
import signal
import string
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from janitor.lifecycle.child_watch import ChildWatch
from janitor.lifecycle.ranks import RUN_ID, is_id_set_after_launch, rank_of
from janitor.lifecycle.run_access import RunAccess
from janitor.lifecycle.run_folders import RunFolder, find_run_folders
from janitor.lifecycle.run_tracker import RunTracker
from janitor.lifecycle.settings import TRIAL_RUN, Settings
from janitor.lifecycle.states import (
    TIMEOUT_CODE,
    signal_of_exit_code,
    state_of_exit_code,
    state_of_returncode,
)
from janitor.model import SweepRunState

FORWARDED: Final = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Signals that a scheduler or a person sends to the wrapper, but means for the command."""
_CLOCK_SLACK: Final = 2.0
"""Seconds by which the file system's clock may be behind."""
_CTRL_C: Final = 255
"""The exit code that wandb gives a run which Ctrl-C ended."""


def new_run_id() -> str:
    """A run id such as wandb makes: 8 letters and digits."""
    letters = string.ascii_lowercase + string.digits
    return "".join(secrets.choice(letters) for _ in range(8))


@dataclass(frozen=True, slots=True)
class MadeRun:
    """A run that the command made."""

    run_id: str
    entity: str = ""
    """Empty if this machine does not know it."""
    project: str = ""
    """Empty if this machine does not know it."""
    exit_code: int | None = None
    """The code with which the run was finished; None if it was not, or nobody knows."""


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How the command ended, and what it left."""

    returncode: int
    """As ``subprocess`` gives it: -N for signal N."""
    started_at: float
    """Seconds since the epoch."""
    runs: Sequence[MadeRun] = ()
    """The runs that ended, in the order in which they were made."""
    alive: Sequence[str] = field(default=())
    """Ids of runs whose process goes on after the command's end."""
    others: Sequence[str] = field(default=())
    """Ids of runs that appeared meanwhile, and may be another command's."""
    is_offline: bool = False
    """Whether the command logged a run that no server has."""


def execute(command: Sequence[str], environment: Mapping[str, str]) -> CommandEnd:
    """Run the command, pass signals on to it, and find the runs that it made.

    Raises:
        OSError: it cannot be started.

    """
    started_at = time.time()
    with (
        subprocess.Popen(command, env=dict(environment)) as child,  # noqa: S603 - its purpose
        _forwarding_to(child),
    ):
        watch = ChildWatch(child.pid)
        with watch.watching():
            returncode = child.wait()
    return _end_of(returncode, started_at, watch, environment)


def _end_of(
    returncode: int, started_at: float, watch: ChildWatch, environment: Mapping[str, str]
) -> CommandEnd:
    given = environment.get(RUN_ID)
    roots = {Path.cwd() / environment.get("WANDB_DIR", ""), *watch.roots}
    folders = find_run_folders(roots, started_at - _CLOCK_SLACK)
    open_ones = {path.resolve() for path in watch.run_folders}
    folders += [RunFolder(path) for path in sorted(open_ones - {folder.path for folder in folders})]
    latest: dict[str, RunFolder] = {}
    alive, others, is_offline = [], [], False
    for folder in folders:
        process = folder.process()
        is_ours = process in watch.pids or folder.path in open_ones or folder.run_id == given
        if not is_ours:
            others.append(folder.run_id)
        elif folder.is_offline:
            is_offline = True
        elif process is not None and watch.is_alive(process):
            alive.append(folder.run_id)
        else:
            latest[folder.run_id] = folder
    runs = [_made_run(folder) for run_id, folder in latest.items() if run_id not in alive]
    if given and given not in latest and given not in alive and not is_offline:
        runs.append(MadeRun(given))
    return CommandEnd(returncode, started_at, runs, alive, others, is_offline)


def _made_run(folder: RunFolder) -> MadeRun:
    entity, project = folder.place() or ("", "")
    return MadeRun(folder.run_id, entity, project, folder.exit_code())


@contextmanager
def _forwarding_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    # A terminal sends Ctrl-C to the whole group, the command included.
    is_terminal = sys.stdin is not None and sys.stdin.isatty()

    def forward(number: int, _: FrameType | None) -> None:
        if not (is_terminal and number == signal.SIGINT):
            child.send_signal(number)

    numbers = [getattr(signal, name) for name in FORWARDED if hasattr(signal, name)]
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def reports_for(run: MadeRun, environment: Mapping[str, str]) -> bool:
    """Whether this process reports for the run: rank 0, or the only one that has it.

    The ids of two ranks are the same if the launcher passed WANDB_RUN_ID on to both.
    """
    if rank_of(environment) == 0:
        return True
    if environment.get("WANDB_MODE") == "shared":
        return False
    is_given = os.environ.get(RUN_ID) == run.run_id
    return is_id_set_after_launch(run.run_id, environment) if is_given else True


def meaning(run: MadeRun, end: CommandEnd) -> tuple[SweepRunState, str] | None:
    """The state that one of the command's runs has now, and its error; None if nobody knows.

    The command's exit code belongs to its only run. Of several, each has its own: the code with
    which wandb finished it. A run that was not finished shares the fate of the command, unless
    that ended well: then the process that made it died on the way.
    """
    is_only = len(end.runs) == 1
    state = state_of_returncode(end.returncode)
    if end.returncode and (is_only or run.exit_code is None):
        return state, describe(end.returncode)
    if run.exit_code == _CTRL_C and state is SweepRunState.CANCELLED:
        return state, describe(end.returncode)
    if run.exit_code is not None:
        error = f"the run finished with exit code {run.exit_code}" if run.exit_code else ""
        return state_of_exit_code(run.exit_code), error
    return (SweepRunState.SUCCESS, "") if is_only else None


def conclude(
    access: RunAccess, state: SweepRunState, error: str, namespace: str
) -> SweepRunState | None:
    """Write a state into a run, unless the run has ended by itself.

    Returns the state that the run has now; None if it could not be read or written.
    """
    tracker = RunTracker(
        access, Settings(namespace=namespace, trial_run=os.environ.get(TRIAL_RUN, ""))
    )
    tracker.end(state, {"error": error} if error else None)
    stored = tracker.look()
    return None if stored is None or tracker.has_pending else stored.state


def describe(returncode: int) -> str:
    """A return code as a sentence."""
    number = -returncode if returncode < 0 else signal_of_exit_code(returncode)
    if number is not None:
        try:
            return f"the command was ended by {signal.Signals(number).name}"
        except ValueError:
            return f"the command was ended by signal {number}"
    if returncode == TIMEOUT_CODE:
        return f"the command ended with exit code {returncode}, which means a timeout"
    return f"the command ended with exit code {returncode}"


def exit_code(returncode: int) -> int:
    """The exit code that passes a return code on: 128 + N for signal N, as shells do."""
    return 128 - returncode if returncode < 0 else returncode


def is_online(environment: Mapping[str, str]) -> bool:
    """Whether a command with this environment logs to a server."""
    return environment.get("WANDB_MODE", "online") in ("online", "shared", "")
