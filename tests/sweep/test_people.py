"""What people do to the runs of a sweep while it runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from janitor.model.jobs import JobStatus
from janitor.model.trial import observation_of
from tests.sweep.stepping import Stepping, wait_for

ONE = """\
method: grid
command: [sh, trial.sh]
metric: {name: score}
parameters: {x: {values: [1]}}
janitor: {collect: stdout}
"""


def write(sweep: Stepping, **values: Any) -> None:
    """Edit the summary of the first run as with an editor."""
    path = sweep.store.folder / "runs" / "sweep-0000" / "summary.json"
    document = json.loads(path.read_text())
    document["summary"] |= {f"protein.{name}": value for name, value in values.items()}
    path.write_text(json.dumps(document))


def test_a_success_that_a_person_wrote_ends_a_trial_that_no_worker_began(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    os.waitpid(sweep.step_apart("before-dispatch"), 0)
    write(sweep, state="success", objective=0.5)

    sweep.step()
    report = sweep.step()

    assert (report.state, sweep.trained()) == ("done", [])
    trial = sweep.ledger().trials["sweep-0000"]
    assert (trial.is_over, trial.objective) == (True, 0.5)
    assert observation_of(trial).value == 0.5


def test_a_success_without_an_objective_is_no_observation(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    os.waitpid(sweep.step_apart("before-dispatch"), 0)
    write(sweep, state="success")

    sweep.step()

    trial = sweep.ledger().trials["sweep-0000"]
    assert trial.overruled is not None
    assert trial.overruled.status is JobStatus.COMPLETED
    assert observation_of(trial).status == "failed"


def test_a_success_that_a_person_wrote_during_the_training_waits_for_its_end(
    tmp_path: Path,
) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    sweep.step()
    wait_for(tmp_path / "trained")
    write(sweep, state="success", objective=0.5)
    assert sweep.step().state == "running"

    sweep.release("sweep-0000.train.a1")
    sweep.step()

    assert sweep.ledger().trials["sweep-0000"].objective == 1
