"""SweepRunsStore: the runs of sweeps in a folder, for a pass of the janitor.

A pass sees each run with what its newest job shows: claimed or not, alive or not, and how it ended;
and with the trial's place in the ledger, by which the rule ``trial-phase`` judges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

from janitor.errors import NotFoundError, StoreError
from janitor.model import (
    AnyTarget,
    LocalTarget,
    ResolvedTarget,
    RunInfo,
    RunPage,
    WandbState,
)
from janitor.model.jobs import AttemptView, Ending
from janitor.model.ledger import Ledger
from janitor.model.ports import Store
from janitor.stores.sweep_files.folder import SWEEPS, SweepFolder
from janitor.stores.sweep_files.phases import phase_of
from janitor.stores.sweep_files.store import SCHEME, SweepFiles

_PAGE: Final = 1000
_WORDS: Final = {Ending.OK: "finished", Ending.FAILED: "failed", Ending.TIMEOUT: "failed"}


def holds_sweeps(folder: Path) -> bool:
    """Whether a folder is one of sweeps, or a sweep in such a folder."""
    # A folder of run files may have an entity called "sweeps".
    return _is_sweep(folder) or any((folder / SWEEPS).glob("*/ledger"))


def _is_sweep(folder: Path) -> bool:
    return folder.parent.name == SWEEPS and (folder / "ledger").is_dir()


class SweepRunsStore:
    """The runs of the sweeps of a folder, or of one sweep.

    Args:
        folder: ``DIR``, or ``DIR/sweeps/NAME``.
        clock: The time, aware, UTC.

    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._clock = clock
        self._sweeps: dict[str, SweepFiles] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._lock = Lock()

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """One target for each sweep."""
        del target
        if _is_sweep(self._folder):
            return (self._resolved(self._folder),)
        names = SweepFolder(self._folder, self._clock).names()
        return tuple(self._resolved(self._folder / SWEEPS / name) for name in names)

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of a sweep's runs, in the order of their ids."""
        sweep = self._sweep(str(target))
        runs = sweep.runs()
        names = sorted(runs)
        start = int(after or 0)
        end = start + _PAGE
        ledger = self._ledger(sweep)
        page = tuple(
            _as_seen(runs[name], ledger, sweep, self._clock()) for name in names[start:end]
        )
        return RunPage(page, len(names), str(end) if end < len(names) else None)

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, as they are now."""
        found: dict[str, RunInfo | StoreError] = {}
        for path in paths:
            place, _, name = path.rpartition("/")
            try:
                sweep = self._sweep(place)
                ledger = self._ledger(sweep)
                found[path] = _as_seen(sweep.run(name), ledger, sweep, self._clock())
            except StoreError as error:
                found[path] = error
        return found

    def fetch_uploaded_summary(self, path: str) -> None:
        """None: nobody else writes the summary of such a run."""
        del path

    def fetch_last_row(self, path: str) -> None:
        """None: what a job reported is in its own folder."""
        del path

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary; refused if it was changed since it was read."""
        place, _, _ = run.path.rpartition("/")
        self._sweep(place).update_run_summary(run, summary)

    def _ledger(self, sweep: SweepFiles) -> Ledger:
        """The sweep's ledger as it is now; only entries that are new are read."""
        with self._lock:
            ledger = self._ledgers.setdefault(sweep.name, Ledger(sweep.name))
            for entry in sweep.entries(ledger.number):
                ledger.add(entry)
            return ledger

    def _resolved(self, folder: Path) -> ResolvedTarget:
        return ResolvedTarget(LocalTarget(SCHEME, str(folder.absolute())), folder.name)

    def _sweep(self, place: str) -> SweepFiles:
        folder = Path(place.removeprefix(f"{SCHEME}:"))
        if not (folder / "ledger").is_dir():
            raise NotFoundError(f"{place} is not a sweep")
        with self._lock:
            if place not in self._sweeps:
                self._sweeps[place] = SweepFiles(folder, self._clock)
            return self._sweeps[place]


def _as_seen(run: RunInfo, ledger: Ledger, sweep: SweepFiles, now: datetime) -> RunInfo:
    """The run with what its newest job shows, and with its place in the ledger."""
    trial = ledger.trials.get(run.id)
    if trial is None:
        return run
    if trial.is_over and not trial.has_slot:
        phase = phase_of(trial, ledger, None)
        return replace(run, wandb_state=WandbState("finished"), trial=phase)
    launch = trial.newest.launch
    handle = sweep.handle(launch.run, launch.attempt, launch.kind)
    view = sweep.attempts([handle])[handle.name]
    alive_at = None
    if view.heartbeat_ago is not None:
        alive_at = datetime.fromtimestamp(now.timestamp() - view.heartbeat_ago, now.tzinfo)
    return replace(
        run,
        wandb_state=WandbState(_word(view)),
        heartbeat_at=None if alive_at is None else alive_at.isoformat(),
        trial=phase_of(trial, ledger, view),
    )


def _word(view: AttemptView) -> str:
    """What W&B would say about the run."""
    if view.damage:
        return "running"  # nothing is known, so nothing is concluded
    if view.exit is not None:
        ending = view.exit.get("ending")
        return _WORDS.get(Ending(ending), "crashed") if ending in list(Ending) else "crashed"
    if view.claim is None:
        return "pending"
    return "crashed" if view.is_locked is False else "running"


_conforms: Callable[[Path, Callable[[], datetime]], Store] = SweepRunsStore
"""For the type checker: it serves all of a pass."""
