"""Sends each target and each run to its store: W&B, or files on this machine.

A run of a local store has a path such as ``experiments:/data/states/exp_1``. Reports and journals
contain this path, so an undo finds the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from janitor.errors import NotFoundError, RejectedError, StoreError
from janitor.model import AnyTarget, Policy, ResolvedTarget, RunInfo, RunPage, is_local
from janitor.model.parts import Part
from janitor.model.ports import PartReader, Store

if TYPE_CHECKING:
    from janitor.stores.tasks import TaskStore


class RoutingStore:
    """All stores of a pass as one.

    Args:
        policy: The policy of the local stores.
        clock: Returns the present time, with a time zone.
        wandb: The store of everything that is not local; None if W&B is not used.

    """

    def __init__(
        self, policy: Policy, clock: Callable[[], datetime], wandb: Store | None = None
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._wandb = wandb
        self._local: dict[str, Store] = {}
        self._task_stores: list[TaskStore] = []
        self._lock = Lock()

    def close(self) -> None:
        """Release the locks that were taken for writing."""
        for store in self._task_stores:
            store.close()

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The sweeps and groups of the target."""
        return self._store(str(target)).fetch_sweep_metadata(target)

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the target's runs."""
        return self._store(str(target)).fetch_runs(target, after)

    def fetch_part(self, target: AnyTarget, part: Part, after: str | None = None) -> RunPage:
        """A page of the runs of a part of a target of W&B."""
        return self._parts(target).fetch_part(target, part, after)

    def count_parts(self, target: AnyTarget, parts: Sequence[Part]) -> Sequence[int]:
        """How many runs each part has."""
        return self._parts(target).count_parts(target, parts)

    def _parts(self, target: AnyTarget) -> PartReader:
        store = self._store(str(target))
        if is_local(str(target)) or not hasattr(store, "count_parts"):
            raise RejectedError(f"the store of {target} does not filter runs")
        return cast(PartReader, store)

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, read now, with their whole summaries."""
        found: dict[str, RunInfo | StoreError] = {}
        for place, group in groupby(sorted(paths, key=_place), key=_place):
            of_one_store = list(group)
            try:
                found |= self._store(place).fetch_summaries(of_one_store)
            except StoreError as error:
                if not place:
                    raise
                found |= dict.fromkeys(of_one_store, error)
        return found

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """The summary that the run's own process uploaded at its end."""
        return self._store(_place(path)).fetch_uploaded_summary(path)

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history."""
        return self._store(_place(path)).fetch_last_row(path)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary."""
        self._store(_place(run.path)).update_run_summary(run, summary)

    def _store(self, place: str) -> Store:
        if not is_local(place):
            if self._wandb is None:
                raise NotFoundError(f"{place}: this pass does not read W&B")
            return self._wandb
        with self._lock:
            if place not in self._local:
                self._local[place] = self._open(place)
            return self._local[place]

    def _open(self, place: str) -> Store:
        """A local store. Its module is imported when it is used: most passes use none."""
        scheme, _, path = place.partition(":")
        folder = Path(path)
        if scheme == "experiments":
            from janitor.stores.experiments import ExperimentStore

            return ExperimentStore(folder, self._policy)
        if scheme == "file":
            from janitor.stores.run_files import FileStore
            from janitor.stores.sweep_files import SweepRunsStore, holds_sweeps

            opened = SweepRunsStore if holds_sweeps(folder) else FileStore
            return opened(folder, self._clock)
        from janitor.stores.tasks import TaskStore

        store = TaskStore(folder, self._policy, self._clock)
        self._task_stores.append(store)
        return store


def _place(path: str) -> str:
    """The store of a run: the run's path without its last part; empty for W&B."""
    return path.rsplit("/", 1)[0] if is_local(path) else ""


_conforms: Callable[[Policy, Callable[[], datetime]], Store] = RoutingStore
"""For the type checker: this class is a store itself."""
