"""``janitor demo --local``: local experiments and tasks, without a server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from janitor.errors import JanitorError, UsageError
from janitor.experiments import ExperimentStatus, ProcessStatus, StateManager
from janitor.storage.atomic import make_folder
from janitor.tasks import TaskManager, TaskStatus
from janitor.tasks.files import ManagerFiles

_RUNNER: Final = """
import sys
from janitor.experiments import ExperimentRunner, StateManager
commands = [["true"], ["true"], ["sleep", "600"]]
ExperimentRunner(StateManager(sys.argv[1])).run({"lr": 0.1}, commands)
"""
_PATIENCE: Final = 60.0
"""Seconds in which the experiment must get half-way."""
_STATES, _TASKS, _JOURNAL = "states", "manager_state.json", "journals"


def tell_local(parent: Path) -> None:
    """Play the demo in a new folder.

    Raises:
        UsageError: the folder cannot be made.
        JanitorError: the demo went wrong.

    """
    make_folder(parent, error=UsageError)
    folder = Path(tempfile.mkdtemp(prefix="local-", dir=parent))
    click.echo(f"An experiment of three processes starts in {folder} and is killed half-way.")
    name = _die_half_way(StateManager(folder / _STATES))
    click.echo("A task manager assigns two of four tasks and dies; three hours pass.")
    _leave_tasks(folder / _TASKS)
    stores = ("--store", f"experiments:{_STATES}", "--store", f"tasks:{_TASKS}")
    _janitor(folder, "experiments", "list", "--state-dir", _STATES)
    _janitor(folder, "tasks", "status", "--state", _TASKS)
    _janitor(folder, "fix", *stores, "--dry-run")
    _janitor(folder, "fix", *stores, "--journal", _JOURNAL)
    _janitor(folder, "experiments", "resume-info", name, "--state-dir", _STATES)
    _janitor(folder, "tasks", "status", "--state", _TASKS)
    _check(folder, name)
    click.echo("Completed work is not repeated on resume.")


def _die_half_way(manager: StateManager) -> str:
    """Kill a runner and its processes once two of three are done. Returns the experiment's id."""
    command = [sys.executable, "-c", _RUNNER, str(manager.state_dir)]
    with subprocess.Popen(command) as runner:  # noqa: S603 - our own code
        until = time.monotonic() + _PATIENCE
        while not _is_half_way(manager):
            if time.monotonic() > until or runner.poll() is not None:
                runner.kill()
                raise JanitorError("the demo's experiment did not get half-way in time; try again")
            time.sleep(0.1)
        (state,) = manager.list()
        runner.kill()
    for identity in state.process_progress[2].identities():
        os.kill(identity.pid, signal.SIGKILL)
    return state.experiment_id


def _is_half_way(manager: StateManager) -> bool:
    return any(
        state.processes_completed == 2
        and state.process_progress[2].status is ProcessStatus.RUNNING
        and state.process_progress[2].command is not None
        for state in manager.list()
    )


def _leave_tasks(path: Path) -> None:
    ago = timedelta(hours=3)
    manager = TaskManager(path, clock=lambda: datetime.now(UTC) - ago, say=lambda _: None)
    manager.add_all((f"exp1_vary_width_{n}_42", "exp1_vary_width", {"seed": 42}) for n in range(4))
    for worker in ("gpu0", "gpu1"):
        manager.assign(worker)
    manager.complete("exp1_vary_width_0_42")
    manager.release()


def _janitor(folder: Path, *arguments: str) -> None:
    click.echo(f"\n$ janitor {' '.join(arguments)}")
    command = [sys.executable, "-m", "janitor", *arguments]
    done = subprocess.run(command, cwd=folder, check=False)  # noqa: S603 - our own commands
    if done.returncode:
        raise JanitorError(
            f"janitor {arguments[0]} failed with exit code {done.returncode}; see above"
        )


def _check(folder: Path, name: str) -> None:
    state = StateManager(folder / _STATES).load(name)
    tasks = ManagerFiles(folder / _TASKS).load().tasks.values()
    counts = [sum(task.status is status for task in tasks) for status in TaskStatus]
    if state.status is not ExperimentStatus.INTERRUPTED or counts != [3, 0, 1, 0]:
        raise JanitorError(f"the demo went wrong: {name} is {state.status}, tasks {counts}")
