"""Progress marks, set from within a process of an experiment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from janitor.errors import UsageError
from janitor.experiments.manager import StateManager
from janitor.experiments.state import ExperimentState

STATE_DIR: Final = "EXPERIMENT_STATE_DIR"
EXPERIMENT_ID: Final = "EXPERIMENT_ID"
PROCESS: Final = "EXPERIMENT_PROCESS"


def environment(state_dir: Path, experiment_id: str, index: int) -> dict[str, str]:
    """The environment variables that identify a process of an experiment."""
    return {
        STATE_DIR: str(state_dir.absolute()),
        EXPERIMENT_ID: experiment_id,
        PROCESS: str(index),
    }


def mark_progress(runs: int = 1, *, environ: Mapping[str, str] = os.environ) -> int:
    """Add progress marks to this process; durable on return.

    Args:
        runs: How many runs were completed since the last call.
        environ: The environment, in which the runner has named this process.

    Returns:
        The marks of this process so far, including those of earlier attempts: after a resumption,
        this is the number of runs to skip.

    Raises:
        UsageError: this process was not started by an
            :class:`~janitor.experiments.ExperimentRunner`.

    """
    try:
        folder, experiment_id = Path(environ[STATE_DIR]), environ[EXPERIMENT_ID]
        index = int(environ[PROCESS])
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"this process does not belong to an experiment: the runner that starts a process"
            f" sets {STATE_DIR}, {EXPERIMENT_ID} and {PROCESS}"
        ) from error

    def mark(state: ExperimentState) -> None:
        state.marked(index).runs_completed += runs

    state = StateManager(folder).update(experiment_id, mark)
    return state.marked(index).runs_completed
