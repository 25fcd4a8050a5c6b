"""What a runner may claim: which experiment it may run, and which of its processes are running."""

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
    """Make sure that every process has a command.

    Raises:
        UsageError: a process has none, or there are no processes.

    """
    if not processes:
        raise UsageError("an experiment needs at least one process")
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
    """Make sure that an experiment can be resumed with this configuration and these processes.

    Raises:
        UsageError: it has another configuration or another number of processes.

    """
    name = f"experiment {found.experiment_id}"
    if found.config_hash not in {None, config_hash(config)}:
        raise UsageError(f"{name} has another configuration: it cannot be resumed with this one")
    if found.num_processes != len(processes):
        raise UsageError(
            f"{name} has {found.num_processes} processes: it cannot be resumed with"
            f" {len(processes)}; use resume=False to begin a new one"
        )


def take_over(state: ExperimentState) -> None:
    """Make this process the owner.

    Raises:
        HeldError: another process runs it, or may run it.

    """
    name, liveness = state.experiment_id, state.owner_liveness()
    who = state.owner or "an unknown process"
    if liveness is Liveness.ALIVE and who != this_process():
        raise HeldError(f"experiment {name} is being run by {who}")
    if liveness is Liveness.UNKNOWN:
        raise HeldError(
            f"experiment {name} may still be run by {who}; if you know that it is"
            f" gone: janitor experiments clean --gone {name}"
        )
    state.status, state.owner, state.error = ExperimentStatus.RUNNING, this_process(), None


def at_work(name: str, index: int, progress: ProcessProgress) -> ProcessIdentity | None:
    """The process that makes these runs at present, if there is one.

    Raises:
        StateFileError: it is unknown whether it is alive.

    """
    for identity in progress.identities():
        match identity.liveness():
            case Liveness.ALIVE:
                return identity
            case Liveness.UNKNOWN:
                raise StateFileError(
                    f"process {index} of experiment {name} is {identity}: it cannot be"
                    f" checked from here whether it is alive; if you know that it is gone:"
                    f" janitor experiments clean --gone {name}"
                )
            case Liveness.DEAD:
                continue
    return None


def lost(progress: ProcessProgress) -> None:
    """Mark a process that was killed together with its watcher. An existing outcome stays."""
    if progress.status is ProcessStatus.RUNNING and not any(
        identity.liveness() is not Liveness.DEAD for identity in progress.identities()
    ):
        progress.status, progress.error = ProcessStatus.FAILED, "its process was killed"
