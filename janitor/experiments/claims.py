"""What a runner may claim: which experiment it may run, and which of its processes are at work."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from janitor.errors import HeldError, StateFileError, UsageError
from janitor.experiments.hashing import config_hash
from janitor.experiments.state import ExperimentState, ProcessProgress
from janitor.experiments.status import ExperimentStatus, ProcessStatus
from janitor.model import Liveness
from janitor.runtime.processes import ProcessIdentity, this_process


def check_commands(processes: Sequence[Sequence[str]]) -> None:
    """Make sure that every process has a command that can be started.

    Raises:
        UsageError: one has none, or there are no processes.

    """
    if not processes:
        raise UsageError("an experiment has at least one process")
    for index, command in enumerate(processes):
        words = () if isinstance(command, str) or not isinstance(command, Sequence) else command
        if not words or not all(isinstance(word, str | os.PathLike) for word in words):
            raise UsageError(
                f"process {index}: a command is a list of words, such as ['python', 'train.py',"
                f" '0'], not {command!r:.60}"
            )


def check_same(
    found: ExperimentState, config: Mapping[str, Any], processes: Sequence[Sequence[str]]
) -> None:
    """Make sure that an experiment is the one that is to be run.

    Raises:
        UsageError: it is of another configuration or another number of processes.

    """
    name = f"experiment {found.experiment_id}"
    if found.config_hash not in {None, config_hash(config)}:
        raise UsageError(f"{name} has another configuration: it cannot be resumed with this one")
    if found.num_processes != len(processes):
        raise UsageError(
            f"{name} has {found.num_processes} processes: it cannot be resumed with"
            f" {len(processes)}; with resume=False a new one is begun"
        )


def take_over(state: ExperimentState) -> None:
    """Make this process the owner.

    Raises:
        HeldError: another is at work on it, or may be.

    """
    name, liveness = state.experiment_id, state.owner_liveness()
    who = state.owner or "a process that it does not name"
    if liveness is Liveness.ALIVE and who != this_process():
        raise HeldError(f"experiment {name} is being run by {who}")
    if liveness is Liveness.UNKNOWN:
        raise HeldError(
            f"experiment {name} is being run by {who}, as far as can be told from here; if you"
            f" know that it is gone: janitor experiments clean --gone {name}"
        )
    state.status, state.owner, state.error = ExperimentStatus.RUNNING, this_process(), None


def at_work(name: str, index: int, progress: ProcessProgress) -> ProcessIdentity | None:
    """A process that is at work on this one's runs, if there is any.

    Raises:
        StateFileError: nobody can tell.

    """
    for identity in progress.identities():
        match identity.liveness():
            case Liveness.ALIVE:
                return identity
            case Liveness.UNKNOWN:
                raise StateFileError(
                    f"process {index} of experiment {name} is {identity}: from here nobody can"
                    f" tell whether it still runs; if you know that it is gone:"
                    f" janitor experiments clean --gone {name}"
                )
            case Liveness.DEAD:
                continue
    return None


def lost(progress: ProcessProgress) -> None:
    """Mark what was killed together with its watcher; what has an outcome keeps it."""
    if progress.status is ProcessStatus.RUNNING and not any(
        identity.liveness() is not Liveness.DEAD for identity in progress.identities()
    ):
        progress.status, progress.error = ProcessStatus.FAILED, "its process was killed"
