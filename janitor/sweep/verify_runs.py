"""Compares the files of a sweep's runs with its ledger: params, exit markers and summaries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from janitor.model import summary as summaries
from janitor.model.ledger import Ledger
from janitor.model.summary import ABSENT
from janitor.storage import strict_json
from janitor.stores.sweep_files import SweepFiles
from janitor.sweep.facts import ended_of
from janitor.sweep.ports import SweepStore
from janitor.sweep.settle import wanted_of
from janitor.sweep.verify import Checked, Comparison


def verify_runs(store: SweepStore, ledger: Ledger, namespace: str) -> Iterator[Checked]:
    """Each value in the runs' files that the ledger has otherwise. Nothing is written.

    What a person may change is not among them: a state that they set, and deleted runs.
    """
    yield from _markers(store, ledger)
    if isinstance(store, SweepFiles):
        yield from _params(store, ledger)
    runs = store.runs()
    for trial in ledger.trials.values():
        run = runs.get(trial.run)
        wanted = wanted_of(trial, is_claimed=True)
        if run is None or wanted is None or not trial.is_over or trial.overruled is not None:
            continue
        state, values = wanted
        if summaries.read(run.summary, namespace, "state") != state.value:
            continue  # a person set it, or the next step does
        for name in ("objective", "cost"):
            found = summaries.read(run.summary, namespace, name)
            if name in values and found is not ABSENT and found != values[name]:
                detail = (
                    f"{name} is {found!r:.80} in its summary and {values[name]!r} in the ledger"
                )
                yield Checked(
                    trial.newest.entry, f"summary {trial.run}", Comparison.DIFFERENT, detail
                )


def _markers(store: SweepStore, ledger: Ledger) -> Iterator[Checked]:
    """The exit markers of the jobs that have one."""
    for trial in ledger.trials.values():
        for job in trial.jobs:
            launch = job.launch
            handle = store.handle(launch.run, launch.attempt, launch.kind)
            marker = store.attempts([handle])[handle.name].exit
            if marker is None or job.ended is None:
                continue
            ours, theirs = asdict(job.ended), asdict(ended_of(job, marker, job.ended.metrics))
            for name, value in ours.items():
                if repr(value) != repr(theirs[name]):
                    detail = _difference(name, theirs[name], "exit.json", value)
                    yield Checked(job.entry, f"end of {handle.name}", Comparison.DIFFERENT, detail)


def _params(store: SweepFiles, ledger: Ledger) -> Iterator[Checked]:
    """The params of each run that exists."""
    there = store.runs()
    for trial in ledger.trials.values():
        found = store.params(trial.run) if trial.run in there else trial.params
        if strict_json.dumps(found) != strict_json.dumps(trial.params):
            detail = _difference("params", found, "run.json", trial.params)
            subject = f"run {trial.run}"
            yield Checked(trial.trainings[0].entry, subject, Comparison.DIFFERENT, detail)


def _difference(name: str, found: object, where: str, wanted: object) -> str:
    return f"{name} is {found!r:.80} in {where} and {wanted!r:.80} in the ledger"
