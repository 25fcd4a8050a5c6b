"""Moments at which a job begins or ends while a step looks at it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from janitor.model.jobs import JobHandle, JobObservation
from janitor.model.ledger_items import Stopping
from janitor.runtime.clock import utc_now
from janitor.sweep.dispatchers import LocalDispatcher
from janitor.sweep.opening import act
from tests.sweep.stepping import Stepping, wait_for

ONE = """\
method: grid
command: [sh, trial.sh]
metric: {name: score}
parameters: {x: {values: [1]}}
janitor: {collect: stdout}
"""


class Meanwhile(LocalDispatcher):
    """A dispatcher during whose look something happens: before it, or after it."""

    def __init__(
        self, root: Path, *, before: Callable[[], None] | None, after: Callable[[], None] | None
    ) -> None:
        super().__init__(root)
        self._before, self._after = before, after

    def observe(self, jobs: Sequence[JobHandle]) -> Mapping[str, JobObservation]:
        if self._before is not None and jobs:
            self._before()
            self._before = None
        found = super().observe(jobs)
        if self._after is not None and jobs:
            self._after()
            self._after = None
        return found


def command_of(folder: Path) -> int:
    """The process of an attempt's command."""
    while True:
        child = json.loads((folder / "state.json").read_text())["child"]
        if child is not None:
            return int(child)


def wait_until_gone(pid: int) -> None:
    """Wait until a process that was killed has given back its locks."""
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)


def test_a_job_that_ends_during_a_look_is_not_lost(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    sweep.step()
    run = sweep.store.folder / "runs" / "sweep-0000"
    wait_for(run / "a1" / "claim.json")

    def end() -> None:
        sweep.release("sweep-0000.train.a1")

    sweep.step(Meanwhile(tmp_path / ".janitor", before=end, after=None))

    (job,) = sweep.ledger().trials["sweep-0000"].trainings
    assert job.ended is not None
    assert job.ended.ending == "ok"
    assert not (run / "a2").exists()


def test_a_job_that_begins_during_a_look_is_not_lost(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    os.waitpid(sweep.step_apart("after-decisions"), 0)
    run = sweep.store.folder / "runs" / "sweep-0000"

    def begin() -> None:
        sweep.step()
        wait_for(run / "a1" / "claim.json")

    sweep.step(Meanwhile(tmp_path / ".janitor", before=None, after=begin))

    (job,) = sweep.ledger().trials["sweep-0000"].trainings
    assert job.ended is None
    sweep.release("sweep-0000.train.a1")
    sweep.step()
    assert sweep.trained() == ["sweep-0000.train.a1"]


ORPHAN = """\
method: grid
command:
  - python3
  - -c
  - |
    import subprocess
    subprocess.run(["sh", "-c", "echo $$ > pid.$JANITOR_TRIAL_ATTEMPT; exec sleep 60"])
metric: {name: score}
parameters: {x: {values: [1]}}
"""


def test_a_process_that_closed_the_lock_keeps_its_trial_alive(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ORPHAN)
    sweep.step()
    run = sweep.store.folder / "runs" / "sweep-0000"
    wait_for(tmp_path / "pid.1")
    claim = json.loads((run / "a1" / "claim.json").read_text())
    for pid in (claim["pid"], command_of(run / "a1")):
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)

    report = sweep.step()

    assert "lives: it is lost when that ends" in report.unknown[0]
    assert not (run / "a2").exists()
    summary = json.loads((run / "summary.json").read_text())["summary"]
    assert (summary["protein.state"], "protein.janitor.state" in summary) == ("running", False)
    orphan = int((tmp_path / "pid.1").read_text())
    os.kill(orphan, signal.SIGKILL)
    wait_until_gone(orphan)
    sweep.step()
    wait_for(tmp_path / "pid.2")
    act(sweep.store, Stopping(now=True, by="person", reason="enough"), utc_now)
    sweep.step()
    wait_for(run / "a2" / "exit.json")


def test_an_attempt_whose_folder_was_deleted_is_not_started_beside_itself(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    sweep.step()
    run = sweep.store.folder / "runs" / "sweep-0000"
    wait_for(tmp_path / "trained")
    worker = json.loads((run / "a1" / "claim.json").read_text())["pid"]
    shutil.rmtree(run / "a1")

    report = sweep.step()

    assert "may be alive" in report.unknown[0]
    assert sweep.trained() == ["sweep-0000.train.a1"]
    os.kill(worker, signal.SIGTERM)


def test_a_claim_of_another_machine_is_not_taken_for_dead(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    sweep.step()
    folder = sweep.store.folder / "runs" / "sweep-0000" / "a1"
    wait_for(tmp_path / "trained")
    claim = json.loads((folder / "claim.json").read_text())
    os.killpg(command_of(folder), signal.SIGKILL)
    os.kill(claim["pid"], signal.SIGKILL)
    wait_until_gone(claim["pid"])
    (folder / "claim.json").write_text(json.dumps({**claim, "host": "elsewhere"}))

    report = sweep.step()

    assert "it was claimed on elsewhere" in report.unknown[0]
    summary = json.loads((folder.parent / "summary.json").read_text())["summary"]
    assert summary["protein.state"] == "running"
