"""LedgerPhases: where the trials of sweep controllers are, by their ledgers on W&B."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from janitor.model import Policy, RunInfo
from janitor.model.ledger import Ledger
from janitor.model.runs import TrialPhase
from janitor.model.trial import Trial
from janitor.stores.sweep_files.phases import phase_of
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.nodes import Scope
from janitor.stores.wandb_sweeps.catalog import WandbSweeps
from janitor.stores.wandb_sweeps.server import SweepServer
from janitor.stores.wandb_sweeps.store import WandbSweepStore


class LedgerPhases:
    """Finds the ledgers of sweeps, and what they say about runs. Threads may share it.

    Args:
        door: The way to the server.
        policy: How runs are read.
        clock: The time, aware, UTC.

    """

    def __init__(self, door: GraphQLApi, policy: Policy, clock: Callable[[], datetime]) -> None:
        self._door = door
        self._policy = policy
        self._clock = clock
        self._controlled: dict[tuple[Scope, str], str] = {}
        """The ids of W&B's sweeps that have a ledger, by the names of the sweeps."""
        self._sweeps: dict[tuple[Scope, str], WandbSweepStore] = {}
        self._lock = Lock()

    def of(
        self, scope: Scope, runs: Sequence[RunInfo], names: Mapping[str, Sequence[str]]
    ) -> list[RunInfo]:
        """The runs, in this order, with the phases of those that are trials.

        Args:
            scope: Where they are.
            runs: Runs of any sweep.
            names: W&B's id of a sweep → what its controller may call it, the likeliest first.

        """
        with self._lock:
            ledgers = {
                sweep: self._ledger(scope, name)
                for sweep, possible in names.items()
                if (name := self._name(scope, sweep, possible)) is not None
            }
            return [
                _with_trial(run, *ledgers[run.sweep]) if run.sweep in ledgers else run
                for run in runs
            ]

    def _name(self, scope: Scope, sweep: str, possible: Iterable[str]) -> str | None:
        """The name of a sweep that has a ledger; None for another one."""
        for name in possible:
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
