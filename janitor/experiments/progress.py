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
    """The variables by which a process knows its place."""
    return {
        STATE_DIR: str(state_dir.absolute()),
        EXPERIMENT_ID: experiment_id,
        PROCESS: str(index),
    }


def mark_progress(runs: int = 1, *, environ: Mapping[str, str] = os.environ) -> int:
    """Add progress marks to the process that this is; durable on return.

    Args:
        runs: How many runs were completed since the last mark.
        environ: Where the runner left word which process this is.

    Returns:
        The marks of this process so far, those of its earlier attempts included: after a
        resumption, the runs that need not be done again.

    Raises:
        UsageError: no :class:`~janitor.experiments.ExperimentRunner` started this process.

    """
    try:
        folder, experiment_id = Path(environ[STATE_DIR]), environ[EXPERIMENT_ID]
        index = int(environ[PROCESS])
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"this process belongs to no experiment: {STATE_DIR}, {EXPERIMENT_ID} and {PROCESS}"
            " are set by the runner that starts it"
        ) from error

    def mark(state: ExperimentState) -> None:
        state.marked(index).runs_completed += runs

    state = StateManager(folder).update(experiment_id, mark)
    return state.marked(index).runs_completed
