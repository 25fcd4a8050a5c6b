"""ExperimentStore: a folder of experiments, for the janitor's pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from logging import getLogger
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from janitor.errors import (
    HeldError,
    NotFoundError,
    RejectedError,
    StateFileError,
    StoreError,
    TransientError,
    UsageError,
)
from janitor.experiments.manager import StateManager
from janitor.experiments.state import ExperimentState
from janitor.experiments.status import ExperimentStatus
from janitor.model import (
    AnyTarget,
    LocalTarget,
    Policy,
    ResolvedTarget,
    RunInfo,
    RunKind,
    RunPage,
    SweepRunState,
    WandbState,
)
from janitor.model.ports import Store
from janitor.stores.state_words import Words

SCHEME: Final = "experiments"
_log = getLogger("janitor.experiments")

WORDS: Final = Words(
    ours={
        ExperimentStatus.INITIALISED: SweepRunState.INITIALIZING,
        ExperimentStatus.RUNNING: SweepRunState.RUNNING,
        ExperimentStatus.COMPLETED: SweepRunState.EVALUATING,
        ExperimentStatus.AGGREGATED: SweepRunState.SUCCESS,
        ExperimentStatus.FAILED: SweepRunState.FAILURE,
        ExperimentStatus.INTERRUPTED: SweepRunState.CRASHED,
    },
    theirs={
        SweepRunState.INITIALIZING: ExperimentStatus.INITIALISED,
        SweepRunState.RUNNING: ExperimentStatus.RUNNING,
        SweepRunState.EVALUATING: ExperimentStatus.COMPLETED,
        SweepRunState.SUCCESS: ExperimentStatus.AGGREGATED,
        SweepRunState.FAILURE: ExperimentStatus.FAILED,
        SweepRunState.TIMEOUT: ExperimentStatus.INTERRUPTED,
        SweepRunState.CRASHED: ExperimentStatus.INTERRUPTED,
        SweepRunState.CANCELLED: ExperimentStatus.INTERRUPTED,
    },
)


class ExperimentStore:
    """The experiments of a folder as runs, each with the liveness of its process.

    A run's summary combines the state's ``summary``, its status and its error. A write fails with a
    TransientError if the experiment has changed since it was read.

    Args:
        folder: Where the states are.
        policy: The namespace and the vocabulary.

    """

    def __init__(self, folder: Path, policy: Policy) -> None:
        self._folder = folder
        self._manager = StateManager(folder, on_problem=cache(_log.warning), rescues=False)
        self._policy = policy
        self._state, self._error = (f"{policy.namespace}.{name}" for name in ("state", "error"))

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The folder, if it is there."""
        if not self._folder.is_dir():
            raise NotFoundError(f"the folder of experiments {self._folder} does not exist")
        return (ResolvedTarget(target, self._folder.name),)

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:  # noqa: ARG002 - one page holds all
        """Every experiment, oldest first. One that cannot be read carries its defect."""
        names = self._manager.ids()
        runs = [self._defective_or_run(name) for name in names]
        runs.sort(key=lambda run: str(run.created_at or ""))
        return RunPage(tuple(runs), len(names), None)

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The experiments at these paths, as their files are now."""
        return {path: self._run_or_error(path.rsplit("/", 1)[-1]) for path in paths}

    def fetch_uploaded_summary(self, path: str) -> None:
        """Returns nothing: an experiment's processes write its state themselves."""

    def fetch_last_row(self, path: str) -> None:
        """None: an experiment has no history."""

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Write status, error and the other keys, unless the experiment has changed."""
        status = WORDS.word(summary, self._policy)
        ours = {self._state, self._error}

        def change(state: ExperimentState) -> None:
            if str(state.revision) != run.storage_id:
                raise TransientError(f"{run.path} was written by another process meanwhile")
            state.status = status
            state.error = summary.get(self._error)
            state.summary = {key: value for key, value in summary.items() if key not in ours}

        try:
            self._manager.update(run.id, change, alive=False)
        except HeldError as error:
            raise TransientError(str(error)) from error
        except (ValidationError, UsageError) as error:
            raise RejectedError(f"{run.path} cannot be written: {error}") from error

    def _run_or_error(self, name: str) -> RunInfo | StoreError:
        try:
            return self._run(self._manager.load(name))
        except UsageError as error:
            return NotFoundError(str(error))
        except StoreError as error:
            return error

    def _defective_or_run(self, name: str) -> RunInfo:
        try:
            return self._run(self._manager.load(name))
        except (StateFileError, NotFoundError, UsageError) as error:
            return RunInfo(
                entity="",
                project="",
                local=self._place,
                id=name,
                storage_id="",
                name=name,
                wandb_state=WandbState(""),
                summary={},
                defect=str(error),
                kind=RunKind.EXPERIMENT,
            )

    def _run(self, state: ExperimentState) -> RunInfo:
        found = WORDS.state(state.status, state.summary, self._policy)
        summary = {**state.summary, self._state: self._policy.word(found)}
        if state.error is not None:
            summary[self._error] = state.error
        runs = state.status is ExperimentStatus.RUNNING
        return RunInfo(
            entity="",
            project="",
            local=self._place,
            id=state.experiment_id,
            storage_id=str(state.revision),
            name=state.experiment_id,
            wandb_state=WandbState(""),
            summary=summary,
            created_at=state.created_at and state.created_at.isoformat(),
            heartbeat_at=state.updated_at and state.updated_at.isoformat(),
            kind=RunKind.EXPERIMENT,
            process=state.liveness() if runs else None,
        )

    @property
    def _place(self) -> LocalTarget:
        return LocalTarget(SCHEME, str(self._folder.absolute()))


_conforms: Callable[[Path, Policy], Store] = ExperimentStore
"""For the type checker: an ExperimentStore has everything that a pass needs."""
