"""LedgeredStore: W&B for a pass; trials of sweep controllers as their ledgers have them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any, Final

from janitor.errors import StoreError
from janitor.model import AnyTarget, Policy, ResolvedTarget, RunInfo, RunPage, on_wandb
from janitor.model.ledger import Ledger
from janitor.model.ports import Store
from janitor.model.runs import TrialPhase
from janitor.model.trial import Trial
from janitor.stores.sweep_files.phases import phase_of
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.nodes import Scope
from janitor.stores.wandb.store import WandbStore
from janitor.stores.wandb_sweeps.catalog import WandbSweeps
from janitor.stores.wandb_sweeps.server import SweepServer
from janitor.stores.wandb_sweeps.store import WandbSweepStore

_TRIAL: Final = re.compile(r"(.+)-\d{4,}(?:-r\d+)?")
"""The id of a trial's run; see :func:`janitor.sweep.seeds.run_id`."""
_MOST_NAMES: Final = 3


class LedgeredStore:
    """The runs of W&B. A run that a ledger knows says where its trial is.

    Args:
        runs: W&B.
        door: The way to the server.
        policy: How runs are read.
        clock: The time, aware, UTC.

    """

    def __init__(
        self,
        runs: WandbStore,
        door: GraphQLApi,
        policy: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._runs = runs
        self._door = door
        self._policy = policy
        self._clock = clock
        self._controlled: dict[tuple[Scope, str], str] = {}
        """The ids of W&B's sweeps that have a ledger, by the names of the sweeps."""
        self._sweeps: dict[tuple[Scope, str], WandbSweepStore] = {}
        self._lock = Lock()

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The sweeps and groups of the target."""
        return self._runs.fetch_sweep_metadata(target)

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the target's runs."""
        page = self._runs.fetch_runs(target, after)
        found = on_wandb(target)
        scope = Scope(found.entity or "", found.project)
        return replace(page, runs=tuple(self._with_trials(scope, page.runs)))

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, read now, with their whole summaries."""
        found = dict(self._runs.fetch_summaries(paths))
        read = {path: run for path, run in found.items() if isinstance(run, RunInfo) and run.sweep}
        for scope in {Scope(run.entity, run.project) for run in read.values()}:
            here = {p: run for p, run in read.items() if Scope(run.entity, run.project) == scope}
            try:
                found.update(zip(here, self._with_trials(scope, here.values()), strict=True))
            except StoreError as error:
                found.update(dict.fromkeys(here, error))
        return found

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """The summary that the run's own process uploaded at its end."""
        return self._runs.fetch_uploaded_summary(path)

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history."""
        return self._runs.fetch_last_row(path)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary."""
        self._runs.update_run_summary(run, summary)

    def _with_trials(self, scope: Scope, runs: Iterable[RunInfo]) -> list[RunInfo]:
        """The runs, in this order, with the phases of those that are trials."""
        runs = list(runs)
        sweeps = {run.sweep for run in runs if run.sweep}
        if not sweeps:
            return runs
        with self._lock:
            ledgers = {
                sweep: self._ledger(scope, name)
                for sweep in sweeps
                if (name := self._name(scope, sweep, runs)) is not None
            }
            return [
                _with_trial(run, *ledgers[run.sweep]) if run.sweep in ledgers else run
                for run in runs
            ]

    def _name(self, scope: Scope, sweep: str, runs: Iterable[RunInfo]) -> str | None:
        """The name of a sweep that has a ledger, from the ids of its runs; None for another one.

        Only a sweep whose runs are called like trials costs a request.
        """
        found = (_TRIAL.fullmatch(run.id) for run in runs if run.sweep == sweep)
        names = Counter(match[1] for match in found if match is not None)
        for name, _ in names.most_common(_MOST_NAMES):
            key = (scope, name)
            if key not in self._controlled:
                server = SweepServer(self._door, scope)
                run = server.run(server.controller_id(name))
                self._controlled[key] = "" if run is None else str(run.facts.get("sweep") or "")
            if self._controlled[key] == sweep:
                return name
        return None

    def _ledger(self, scope: Scope, name: str) -> tuple[Ledger, WandbSweepStore]:
        """A sweep and its ledger as it is now."""
        key = (scope, name)
        if key not in self._sweeps:
            sweeps = WandbSweeps(self._door, scope.entity, scope.project, self._policy, self._clock)
            self._sweeps[key] = sweeps.known(name)
        store = self._sweeps[key]
        return Ledger.of(name, store.entries()), store


def _with_trial(run: RunInfo, ledger: Ledger, sweep: WandbSweepStore) -> RunInfo:
    trial = ledger.trials.get(run.id)
    return run if trial is None else replace(run, trial=_phase(run, trial, ledger, sweep))


def _phase(run: RunInfo, trial: Trial, ledger: Ledger, sweep: WandbSweepStore) -> TrialPhase:
    """Where a trial is. Of a job elsewhere, only its run shows something."""
    job, view = trial.newest, None
    if sweep.is_here(job.site):
        handle = sweep.handle(job.launch.run, job.launch.attempt, job.launch.kind)
        view = sweep.attempts([handle])[handle.name]
    is_started = bool(run.history_lines) or run.wandb_state != "pending"
    return phase_of(trial, ledger, view, is_started=is_started)


_conforms: Callable[..., Store] = LedgeredStore
"""For the type checker: it serves all of a pass."""
