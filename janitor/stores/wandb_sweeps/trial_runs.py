"""The runs of a sweep's trials on W&B: creating, reading and settling them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from janitor.errors import (
    ConflictError,
    NotFoundError,
    RejectedError,
    StateFileError,
    StoreError,
)
from janitor.model import RunInfo, SweepRunState, Target, TargetKind
from janitor.model import summary as summaries
from janitor.model.ledger_items import Launch
from janitor.storage.atomic import make_folder, write_once
from janitor.storage.locks import locked
from janitor.stores.wandb.store import WandbStore
from janitor.stores.wandb_sweeps.server import OURS, SweepServer, TrialRun

_LOCK_TIMEOUT: Final = 60.0


class TrialRuns:
    """The runs of one sweep.

    Args:
        server: The project.
        runs: The project's runs, read and written as a pass does.
        controller: The id of the controller's run.
        clock: The time, aware, UTC.
        namespace: Of the state in summaries.

    """

    def __init__(
        self,
        server: SweepServer,
        runs: WandbStore,
        controller: str,
        clock: Callable[[], datetime],
        namespace: str,
    ) -> None:
        self._server = server
        self._runs = runs
        self._controller = controller
        self._clock = clock
        self._namespace = namespace
        self._over: set[str] = set()
        """Runs in a terminal state that the janitor did not give them."""

    def create(self, launch: Launch, sweep: str, folder: Path) -> None:
        """Create the run of a trial. A run that exists is left unchanged.

        Args:
            launch: The trial.
            sweep: The id of the W&B sweep.
            folder: This machine's folder of the sweep.

        Raises:
            NotFoundError: it existed, and was deleted by a person.
            RejectedError: a run with this name exists that is not the sweep's.

        """
        # Two steps on this machine would create it twice, and the second overwrite a live run.
        with locked(folder / ".lock", _LOCK_TIMEOUT):
            self._create(launch, sweep, folder)

    def _create(self, launch: Launch, sweep: str, folder: Path) -> None:
        path = self._server.path(launch.run)
        known = self._server.run(launch.run)
        if known is None and _was_created(folder, launch.run):
            raise NotFoundError(f"run {path} was deleted")
        if known is not None and self._is_ours(known, launch.run, sweep):
            _mark_created(folder, launch.run)
            return
        if known is not None and (known.is_started or known.sweep or known.facts):
            raise RejectedError(f"run {path} exists and is not of this sweep: rename the sweep")
        storage_id = known.storage_id if known else self._server.create_run(launch.run)[0]
        facts = {
            "controller": self._controller,
            "trial": launch.run,
            "attempt": launch.attempt,
            "spec": launch.spec,
            "seed": launch.seed,
        }
        state = {
            f"{self._namespace}.state": SweepRunState.INITIALIZING.value,
            f"{self._namespace}.last_update": self._clock().isoformat(),
        }
        config = {**launch.params, OURS: facts}
        self._server.describe_trial(storage_id, sweep, config, state)
        _mark_created(folder, launch.run)

    def _is_ours(self, known: TrialRun, name: str, sweep: str) -> bool:
        """Whether a run is the trial's: as it was created, or as its process described it."""
        is_named = known.facts.get("trial") == name and known.sweep == sweep
        return is_named or known.facts.get("controller") == self._controller

    def read(
        self, sweep: str, names: Collection[str] | None = None, *, only_open: bool = False
    ) -> Mapping[str, RunInfo]:
        """The sweep's runs by id; with ``only_open`` those that are open or marked by a pass."""
        if names is None:
            names = self._names(sweep)
        asked = sorted(set(names) - self._over) if only_open else sorted(names)
        found: dict[str, RunInfo] = {}
        answers = self._runs.fetch_summaries([self._server.path(name) for name in asked])
        for name, answer in zip(asked, (answers[self._server.path(n)] for n in asked), strict=True):
            if isinstance(answer, NotFoundError):
                continue
            if isinstance(answer, StoreError):
                raise answer
            if only_open and not self._may_change(answer):
                self._over.add(name)
            else:
                found[name] = answer
        return found

    def deleted(self, sweep: str, folder: Path) -> Collection[str]:
        """The runs that were created here and do not exist any more."""
        try:
            created = {path.name for path in (folder / "created").iterdir()}
        except FileNotFoundError:
            return ()
        candidates = created - self._over
        return candidates - set(self.read(sweep, candidates))

    def write(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace a run's summary, if it is what it was and no process may be writing it.

        Raises:
            ConflictError: it was changed since ``run`` was read, or the run may be alive, or
                another process wrote it at the same time.

        """
        now = self._read(run.path)
        if now.summary != run.summary or now.defect is not None:
            raise ConflictError(f"{run.path} was changed since it was read; it was not overwritten")
        if not may_write(now):
            raise ConflictError(f"W&B says that {run.path} is {now.wandb_state}; try again later")
        try:
            self._runs.update_run_summary(now, summary)
        except (TypeError, ValueError) as error:
            raise RejectedError(f"{run.path} cannot be written: {error}") from error
        after = self._read(run.path)
        if dict(after.summary) != dict(summary):
            raise ConflictError(f"{run.path} was changed while it was written; look at it")

    def _read(self, path: str) -> RunInfo:
        answer = self._runs.fetch_summaries([path])[path]
        if isinstance(answer, StoreError):
            raise answer
        return answer

    def _names(self, sweep: str) -> list[str]:
        """The runs of the sweep that are not known to be over."""
        scope = self._server.scope
        target = Target(TargetKind.SWEEP, scope.entity, scope.project, sweep)
        names: list[str] = []
        after: str | None = None
        while True:
            page = self._runs.fetch_runs(target, after)
            names += [run.id for run in page.runs]
            after = page.after
            if after is None:
                return names

    def _may_change(self, run: RunInfo) -> bool:
        word = summaries.read(run.summary, self._namespace, "state")
        if word not in list(SweepRunState) or SweepRunState(word).is_open:
            return True
        mark = summaries.read(run.summary, self._namespace, "janitor.state")
        return mark is not summaries.ABSENT


def _was_created(folder: Path, name: str) -> bool:
    return (folder / "created" / name).exists()


def _mark_created(folder: Path, name: str) -> None:
    """Remember that the run existed, should a person delete it."""
    make_folder(folder / "created", error=StateFileError)
    write_once(folder / "created" / name, "", mode=0o644, error=StateFileError)


def may_write(run: RunInfo) -> bool:
    """Whether no process of wandb writes the run's summary: it ended, or never began."""
    return run.wandb_state.has_ended or (run.wandb_state == "pending" and not run.history_lines)
