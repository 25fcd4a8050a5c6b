"""A damaged file of one trial holds this trial; the others go on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from janitor.model.jobs import Ending
from tests.sweep.stepping import Stepping, wait_for

TWO = """\
method: grid
command: [sh, trial.sh]
metric: {name: score}
parameters: {x: {values: [1, 2, 3]}}
janitor: {collect: stdout, max_parallel_jobs: 2}
"""
DELETES = """\
method: grid
command: [sh, -c, 'echo $JANITOR_TRIAL_ATTEMPT >> began; rm -rf "$JANITOR_TRIAL_DIR"']
metric: {name: score}
parameters: {x: {values: [1]}}
janitor: {collect: stdout, retries: {lost: 2}}
"""


@pytest.mark.parametrize("name", ["summary.json", "run.json", "a1/exit.json", "a1/claim.json"])
def test_a_damaged_file_holds_its_trial_and_no_other(tmp_path: Path, name: str) -> None:
    sweep = Stepping.start(tmp_path, TWO)
    sweep.step()
    folder = sweep.store.folder / "runs"
    for run in ("sweep-0000", "sweep-0001"):
        wait_for(folder / run / "a1" / "claim.json")
        sweep.release(f"{run}.train.a1")
    path = folder / "sweep-0000" / name
    whole = path.read_text()
    path.write_text(whole[:20])

    report = sweep.step()

    (said,) = [each for each in report.unknown if str(path) in each]
    assert "sweep-0000" in said
    trials = sweep.ledger().trials
    assert trials["sweep-0001"].is_over
    assert (trials["sweep-0000"].is_over, len(trials["sweep-0000"].jobs)) == (False, 1)
    assert "sweep-0002" in trials  # the sweep goes on
    assert path.read_text() == whole[:20]

    path.write_text(whole)
    report = sweep.step()

    assert not [each for each in report.unknown if "sweep-0000" in each]
    assert sweep.ledger().trials["sweep-0000"].objective == 1
    wait_for(folder / "sweep-0002" / "a1" / "claim.json")
    sweep.release("sweep-0002.train.a1")


def test_a_trial_that_deletes_its_folder_uses_up_its_retries(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, DELETES)
    began = tmp_path / "began"

    for number in range(1, 4):
        sweep.step()
        wait_for(began)
        _until_lines(began, number)
        _until_ended(sweep, number)
    report = sweep.step()

    assert report.state == "done"
    trial = sweep.ledger().trials["sweep-0000"]
    assert [job.ended.ending for job in trial.jobs if job.ended] == [Ending.LOST] * 3
    assert began.read_text().split() == ["1", "2", "3"]


def test_a_folder_in_place_of_an_exit_marker_holds_its_trial(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, TWO)
    sweep.step()
    place = sweep.store.folder / "runs" / "sweep-0000" / "a1"
    wait_for(place / "claim.json")
    sweep.release("sweep-0000.train.a1")
    (place / "exit.json").unlink()
    (place / "exit.json").mkdir()

    report = sweep.step()

    assert any("sweep-0000" in each and "exit.json" in each for each in report.unknown)
    assert not sweep.ledger().trials["sweep-0000"].is_over
    wait_for(sweep.store.folder / "runs" / "sweep-0001" / "a1" / "claim.json")
    sweep.release("sweep-0001.train.a1")


def _until_lines(path: Path, number: int) -> None:
    until = time.monotonic() + 60
    while len(path.read_text().split()) < number:
        assert time.monotonic() < until
        time.sleep(0.02)


def _until_ended(sweep: Stepping, number: int) -> None:
    until = time.monotonic() + 60
    while True:
        sweep.step()
        trial = sweep.ledger().trials["sweep-0000"]
        if trial.jobs[number - 1].ended is not None:
            return
        assert time.monotonic() < until
        time.sleep(0.05)
