"""The sweep commands as typed: what people do while a sweep runs."""

from __future__ import annotations

import json
import os
import shutil
import signal

from tests.sweep.shell import Shell, slow
from tests.sweep.stepping import wait_for


def test_a_pause_beats_every_later_step_and_is_taken_back(shell: Shell) -> None:
    slow(shell)
    shell.janitor("sweep", "step", "slow.yaml")
    shell.janitor("sweep", "pause", "slow", "--reason", "lunch")

    assert "paused: lunch" in shell.janitor("sweep", "step", "slow")
    assert shell.status("slow")["state"] == "paused"
    shell.janitor("sweep", "resume", "slow")
    assert "not paused" in shell.janitor("sweep", "resume", "slow", code=2)
    (shell.folder / "go").touch()
    shell.janitor("sweep", "start", "slow.yaml")


def test_a_stopped_sweep_cancels_its_jobs(shell: Shell) -> None:
    run = slow(shell)
    shell.janitor("sweep", "step", "slow.yaml")
    wait_for(shell.folder / "pid.1")

    shell.janitor("sweep", "stop", "slow", "--now", "--reason", "wrong data")
    shell.janitor("sweep", "step", "slow")
    wait_for(run / "a1" / "exit.json")
    shell.janitor("sweep", "step", "slow", code=5)

    (row,) = shell.status("slow")["trials"]
    assert (row["status"], row["state"], row["reason"]) == ("CANCELLED", "cancelled", "wrong data")


def test_a_run_that_a_person_deleted_is_not_tried_again(shell: Shell) -> None:
    run = slow(shell)
    shell.janitor("sweep", "step", "slow.yaml")
    wait_for(shell.folder / "pid.1")
    shutil.rmtree(run)

    shell.janitor("sweep", "step", "slow", code=5)

    os.kill(int((shell.folder / "pid.1").read_text()), signal.SIGKILL)
    assert not run.exists()
    assert shell.status("slow")["trials"][0]["deleted"] is True


def test_a_state_that_a_person_set_wins(shell: Shell) -> None:
    run = slow(shell)
    shell.janitor("sweep", "step", "slow.yaml")
    wait_for(shell.folder / "pid.1")
    document = json.loads((run / "summary.json").read_text())
    document["summary"]["protein.state"] = "cancelled"
    document["revision"] += 1
    (run / "summary.json").write_text(json.dumps(document))

    (shell.folder / "go").touch()
    wait_for(run / "a1" / "exit.json")
    shell.janitor("sweep", "start", "slow.yaml")

    (row,) = shell.status("slow")["trials"]
    assert (row["status"], row["state"]) == ("CANCELLED", "cancelled")


def test_excluding_a_trial_hides_it_from_the_best(shell: Shell) -> None:
    shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")
    shell.janitor("sweep", "exclude", "grid", "grid-0003", "--reason", "leaked test data")

    assert shell.status("grid")["best"]["run"] == "grid-0002"
    shell.janitor("sweep", "include", "grid", "grid-0003")
    assert shell.status("grid")["best"]["run"] == "grid-0003"
