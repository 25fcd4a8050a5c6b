"""From which checkpoints a job starts: its own, or else those that its trial began with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from janitor.model.jobs import Cause, Ending, JobTypes
from janitor.model.ledger_items import Ended, Launch
from janitor.sweep.jobs import JobMaker
from tests.sweep.stepping import Stepping

CHILD = Launch(
    "sweep-0003",
    3,
    1,
    JobTypes.LAUNCH_TRAINING,
    Cause.EXPLOITED,
    "it copies sweep-0001",
    1,
    0,
    params={"x": 1, "y": 1},
    budget=4,
    resume_from="sweep-0001",
)


def started_from(sweep: Stepping, *launches: Launch) -> str | None:
    """The run whose checkpoints the last of these jobs starts from."""
    ledger = sweep.ledger()
    for launch in launches:
        ledger.decide(launch)
        if launch is not launches[-1]:
            ledger.decide(Ended(launch.run, launch.attempt, launch.kind, Ending.LOST, "it is gone"))
    trial = ledger.trials[CHILD.run]
    found = JobMaker(sweep.store).job(ledger, trial, trial.newest).resume_from
    return None if found is None else Path(found).name


def save(sweep: Stepping, run: str) -> None:
    folder = sweep.store.checkpoints(run)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state").touch()


@pytest.fixture
def sweep(tmp_path: Path) -> Stepping:
    return Stepping.start(tmp_path)


def test_a_copy_starts_from_the_run_that_it_copies(sweep: Stepping) -> None:
    save(sweep, "sweep-0001")

    assert started_from(sweep, CHILD) == "sweep-0001"


def test_a_run_starts_from_the_beginning_if_nothing_was_saved(sweep: Stepping) -> None:
    assert started_from(sweep, CHILD) is None


@pytest.mark.parametrize(("is_saved", "expected"), [(False, "sweep-0001"), (True, "sweep-0003")])
def test_a_retry_starts_from_its_own_checkpoints_or_from_those_of_the_first_attempt(
    sweep: Stepping, *, is_saved: bool, expected: str
) -> None:
    save(sweep, "sweep-0001")
    if is_saved:
        save(sweep, "sweep-0003")
    retry = replace(CHILD, attempt=2, cause=Cause.LOST, params={}, resume_from="sweep-0003")

    assert started_from(sweep, CHILD, retry) == expected
    further = replace(retry, attempt=3)
    assert started_from(sweep, CHILD, retry, further) == expected
