"""Exports a sweep from its store into a file, and imports it into another store.

The ledger goes first: it holds the versions of the sweep file, the trials, their parameters and
metrics, and all decisions. The summaries of the runs follow. An import that was interrupted is
finished by the same command.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from janitor.errors import StoreError, UsageError
from janitor.model import RunInfo
from janitor.model.jobs import Ending
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Ended, LedgerEntry
from janitor.model.wording import quoted
from janitor.records.sweep import dump_entry
from janitor.records.sweep_export import ExportedRun, Header, Line, read_export, write_export
from janitor.storage import strict_json
from janitor.storage.atomic import writing_atomically
from janitor.storage.untrusted import open_untrusted
from janitor.sweep.opening import config_of
from janitor.sweep.ports import SweepCatalog, SweepStore
from janitor.sweep.seeds import run_id


def export_sweep(store: SweepStore, path: Path) -> tuple[int, int]:
    """Write a sweep into a file, whole or not at all; returns the numbers of entries and runs.

    Raises:
        UsageError: its ledger was altered, or the file cannot be written.
        StoreError: the store does not answer.

    """
    entries = store.entries()
    altered = [entry.number for entry in entries if entry.is_altered]
    if altered:
        raise UsageError(
            f"entry {altered[0]} of {store.name} was altered after it was written, so the sweep is"
            " not exported: see `janitor sweep verify`"
        )
    names = Ledger.of(store.name, entries).trials
    runs = store.runs(names) if names else {}
    with writing_atomically(path, error=UsageError) as file:
        write_export(file, _lines(store.name, entries, runs))
    return len(entries), len(runs)


def _lines(
    name: str, entries: Sequence[LedgerEntry], runs: Mapping[str, RunInfo]
) -> Iterator[Line]:
    yield Header(name)
    yield from entries
    for run in sorted(runs):
        if (defect := runs[run].defect) is not None:
            raise StoreError(f"the run {run} of {name} cannot be read: {defect}")
        # Sorted, for stores keep the keys in different orders.
        yield ExportedRun(run, dict(sorted(runs[run].summary.items())))


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has done."""

    store: SweepStore
    entries: int
    """Of the ledger, that were written now."""
    runs: int
    """Whose summaries were written now."""
    lost: int
    """Open jobs that were recorded as lost."""


def import_sweep(
    catalog: SweepCatalog, path: Path, now: datetime, *, open_jobs_are_lost: bool = False
) -> Imported:
    """Create the sweep of a file in a store. Nothing that is there is overwritten.

    Args:
        catalog: The store.
        path: The file.
        now: The time, aware, UTC.
        open_jobs_are_lost: Whether jobs that were open at the export are recorded as lost.

    Raises:
        UsageError: the file is not an export, jobs were open, or the store has another sweep with
            this name.
        StoreError: the store does not answer, or a run cannot be written.

    """
    name, ledger = _checked(path)
    jobs = [attempt.launch for _, attempt in ledger.open_jobs()]
    if jobs and not open_jobs_are_lost:
        raise UsageError(
            f"{len(jobs)} jobs of {name} were open when it was exported, such as {jobs[0].run}, and"
            " may still run there: pause the sweep, wait for them, and export it again; or use"
            " --open-jobs-are-lost if that place is gone for good"
        )
    store = catalog.create(name)
    entries = _write_ledger(store, path)
    runs = _write_runs(store, ledger, path)
    if jobs:
        facts = tuple(
            Ended(job.run, job.attempt, job.kind, Ending.LOST, "it was open at the export")
            for job in jobs
        )
        entry = LedgerEntry(
            ledger.number + 1, secrets.token_hex(8), now.isoformat(), "facts", facts
        )
        _append(store, entry)
    return Imported(store, entries, runs, len(jobs))


def _read(path: Path) -> Iterator[Line]:
    with open_untrusted(path, follow=True, error=UsageError) as file:
        yield from read_export(file, str(path))


def _checked(path: Path) -> tuple[str, Ledger]:
    """The sweep of a file, which was read to its end."""
    ledger = Ledger("")
    for line in _read(path):
        if isinstance(line, Header):
            ledger.name = line.sweep
        elif isinstance(line, LedgerEntry):
            ledger.add(line)
        elif line.run not in ledger.trials:
            raise UsageError(f"{path} has a run {quoted(line.run)} that its ledger does not have")
    if not ledger.specs:
        raise UsageError(f"{path} holds a sweep that was not started")
    trials = ledger.trials.values()
    is_named = config_of(ledger).name == ledger.name  # and the name is safe for a folder
    if not is_named or any(
        trial.run != run_id(ledger.name, trial.index, trial.repeat) or not trial.trainings
        for trial in trials
    ):
        raise UsageError(f"{path} names a sweep or a run in another way than the janitor does")
    return ledger.name, ledger


def _write_ledger(store: SweepStore, path: Path) -> int:
    known = store.entries()
    entries = (line for line in _read(path) if isinstance(line, LedgerEntry))
    number = 0
    for number, entry in enumerate(entries, 1):
        if number > len(known):
            _append(store, entry)
        elif dump_entry(known[number - 1]) != dump_entry(entry):
            raise _is_another(store)
    if number < len(known):
        raise UsageError(
            f"{store.name} was imported into {store.location} before, and has gone on; nothing was"
            " changed"
        )
    return number - len(known)


def _append(store: SweepStore, entry: LedgerEntry) -> None:
    if not store.append(entry):
        raise _is_another(store)


def _is_another(store: SweepStore) -> UsageError:
    return UsageError(
        f"{store.location} has another sweep {store.name}, which is not overwritten: import into"
        " another store"
    )


def _write_runs(store: SweepStore, ledger: Ledger, path: Path) -> int:
    namespace = config_of(ledger).janitor.namespace
    count = 0
    for line in _read(path):
        if not isinstance(line, ExportedRun):
            continue
        store.init_run(ledger.trials[line.run].trainings[0].launch)
        run = store.runs([line.run]).get(line.run)
        if run is None:
            raise StoreError(f"{store.target}/{line.run} was created and is not there")
        if strict_json.dumps(dict(sorted(run.summary.items()))) == strict_json.dumps(line.summary):
            continue
        if not _is_new(run, namespace):
            raise UsageError(
                f"{store.target}/{line.run} has a summary of its own, which is not overwritten"
            )
        store.update_run_summary(run, line.summary)
        count += 1
    return count


def _is_new(run: RunInfo, namespace: str) -> bool:
    """Whether a run's summary holds only what its creation wrote."""
    first = {f"{namespace}.state", f"{namespace}.last_update", namespace}
    return all(key in first or key.startswith("_") for key in run.summary)
