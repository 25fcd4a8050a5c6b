"""The worker of a job: what it runs, how it ends, and when it leaves an attempt alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lifecycle.trial.working import (
    job_in,
    marker,
    run,
    shell,
    start,
    wait_until_exists,
    wait_until_gone,
)


def test_a_job_runs_and_its_last_value_is_the_objective(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo epoch=1 loss=0.9; echo epoch=2 loss=0.25")

    code, _ = run(path)

    found = marker(path)
    assert code == 0
    assert (found["ending"], found["objective"], found["resource"]) == ("ok", 0.25, 2.0)
    assert (path.parent / "log").read_text() == "epoch=1 loss=0.9\nepoch=2 loss=0.25\n"


@pytest.mark.parametrize(
    ("script", "ending", "said"),
    [
        ("exit 3", "failed", "exit code 3"),
        ("exit 75", "failed", "exit code 75"),
        ("kill -9 $$", "lost", "SIGKILL"),
        ("exit 137", "lost", "SIGKILL"),
        ("exit 124", "timeout", "timeout"),
    ],
)
def test_the_end_of_the_command_has_a_meaning(
    tmp_path: Path, script: str, ending: str, said: str
) -> None:
    path = shell(tmp_path, script)

    run(path)

    assert marker(path)["ending"] == ending
    assert said in marker(path)["reason"]


def test_a_command_that_does_not_exist_is_a_failure_that_names_it(tmp_path: Path) -> None:
    path = job_in(tmp_path, ["no-such-program"])

    run(path)

    assert marker(path)["ending"] == "failed"
    assert "no-such-program" in marker(path)["reason"]


def test_a_trial_gets_its_parameters_and_names(tmp_path: Path) -> None:
    path = shell(tmp_path, 'env | grep -E "^(JANITOR_TRIAL|WANDB)_"; cat "$JANITOR_TRIAL_PARAMS"')

    run(path, JANITOR_TRIAL_RUN="stale", WANDB_MODE="")

    log = (path.parent / "log").read_text()
    for line in (
        "JANITOR_TRIAL_SWEEP=s",
        "JANITOR_TRIAL_RUN=s-0000",
        "JANITOR_TRIAL_ATTEMPT=1",
        "JANITOR_TRIAL_KIND=train",
        "JANITOR_TRIAL_SEED=0",
        "JANITOR_TRIAL_REPEAT=0",
        "WANDB_MODE=offline",
        "WANDB_RUN_ID=s-0000",
        '{"lr": 1e-05, "opt": "adam"}',
    ):
        assert line in log.splitlines()


def test_an_attempt_that_is_claimed_is_left_alone(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo again >> trained")
    run(path)
    (path.parent / "exit.json").unlink()

    code, said = run(path)

    assert code == 75
    assert "claimed" in said
    assert (tmp_path / "trained").read_text() == "again\n"


def test_an_attempt_with_a_successor_is_left_alone(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo trained > trained")
    (path.parent.parent / "a2").mkdir()

    assert run(path)[0] == 75
    assert not (tmp_path / "trained").exists()
    assert not (path.parent / "exit.json").exists()


@pytest.mark.parametrize(("mark", "code"), [({}, 75), ({"protein.janitor.state": "crashed"}, 0)])
def test_a_run_that_a_person_ended_is_left_alone_and_a_guess_is_not_an_end(
    tmp_path: Path, mark: dict[str, str], code: int
) -> None:
    path = shell(tmp_path, "true")
    summary = {"protein.state": "crashed", **mark}
    document = {"version": 1, "revision": 2, "summary": summary}
    (path.parent.parent / "summary.json").write_text(json.dumps(document))

    assert run(path)[0] == code


def test_of_two_workers_at_once_one_trains(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo trained >> trained; sleep 1")

    workers = [start(path) for _ in range(3)]
    codes = sorted(worker.wait(60) for worker in workers)

    assert codes == [0, 75, 75]
    assert (tmp_path / "trained").read_text() == "trained\n"


def test_a_worker_that_is_stopped_before_it_begins_says_so(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo trained > trained")
    (path.parent / "stop.json").write_text('{"version": 1, "reason": "stop"}')

    run(path)

    assert marker(path)["ending"] == "stopped"
    assert not (tmp_path / "trained").exists()


def test_a_stop_is_a_stop_and_another_sigterm_a_preemption(tmp_path: Path) -> None:
    endings = []
    for name, is_stop in (("stop", True), ("preempt", False)):
        path = shell(tmp_path / name, "echo on > begun; exec sleep 60")
        worker = start(path)
        wait_until_exists(tmp_path / name / "begun")
        if is_stop:
            (path.parent / "stop.json").write_text('{"version": 1, "reason": "stop"}')
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
        endings.append(marker(path)["ending"])

    assert endings == ["stopped", "preempted"]


def test_a_preempted_training_that_ends_with_0_is_not_complete(tmp_path: Path) -> None:
    script = "trap 'exit 0' TERM; echo loss=9; echo on > begun; while :; do sleep 0.05; done"
    path = shell(tmp_path, script, grace=20.0)
    worker = start(path)
    wait_until_exists(tmp_path / "begun")

    worker.send_signal(signal.SIGTERM)
    worker.wait(60)

    assert (marker(path)["ending"], marker(path)["code"]) == ("preempted", 0)


def test_a_command_whose_worker_is_killed_keeps_its_gpu(tmp_path: Path) -> None:
    locks = {"gpu_locks": [str(tmp_path / ".gpu_locks" / "gpu_0.lock")]}
    resources = {"gpus": 1, "time": None, "memory": None}
    first = shell(
        tmp_path / "1",
        "echo $$ > begun; until [ -e go ]; do sleep 0.02; done",
        resources=resources,
        local=locks,
    )
    worker = start(first)
    wait_until_exists(tmp_path / "1" / "begun")
    worker.kill()
    worker.wait()

    second = start(shell(tmp_path / "2", "true", resources=resources, local=locks))
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1.5)
    (tmp_path / "1" / "go").touch()
    assert second.wait(60) == 0


def test_the_output_counts_only_if_it_is_collected(tmp_path: Path) -> None:
    script = (
        "import os, sys, janitor\n"
        "janitor.trial().report(1, loss=0.5)\n"
        "for _ in range(700): print('loss=99', 'x' * 99_990)\n"
        "import time; time.sleep(1.5)\n"
    )
    path = job_in(tmp_path, [sys.executable, "-c", script], collect="")

    run(path)

    assert marker(path)["objective"] == 0.5


def test_progress_bars_are_read_to_their_last_value(tmp_path: Path) -> None:
    script = "for n in range(5000, 0, -1): print(f'loss={n} {40 * chr(35)}', end=chr(13))"
    path = job_in(tmp_path, [sys.executable, "-c", script])

    run(path)

    assert marker(path)["objective"] == 1.0


def test_a_command_with_a_nul_character_is_a_failure_that_names_it(tmp_path: Path) -> None:
    path = job_in(tmp_path, ["echo", "a\0b"])

    run(path)

    assert marker(path)["ending"] == "failed"
    assert "its command cannot be started: echo: embedded null byte" in marker(path)["reason"]


def test_a_worker_that_cannot_write_the_parameters_does_not_claim(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo loss=1")
    (path.parent / "params.json").mkdir()

    code, said = run(path)

    assert (code, "params.json" in said) == (1, True)
    assert "Traceback" not in said
    assert not (path.parent / "claim.json").exists()


def test_what_a_command_leaves_behind_is_killed(tmp_path: Path) -> None:
    path = shell(tmp_path, "sleep 60 & echo $! > left; true")

    run(path)

    wait_until_gone(int((tmp_path / "left").read_text()))


def test_a_command_whose_worker_is_killed_goes_on_and_keeps_the_lock(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo $$ > begun; until [ -e go ]; do sleep 0.02; done; echo loss=1")
    worker = start(path)
    wait_until_exists(tmp_path / "begun")
    worker.kill()
    worker.wait()

    code, said = run(path)

    assert (code, "lock" in said) == (75, True)
    (tmp_path / "go").touch()
    wait_until_gone(int((tmp_path / "begun").read_text()))
    assert "loss=1" in (path.parent / "log").read_text()
    assert not (path.parent / "exit.json").exists()


def test_the_worker_starts_without_heavy_libraries() -> None:
    heavy = "{'wandb', 'pydantic', 'click', 'psutil', 'structlog'}"
    script = f"import sys, janitor.lifecycle.trial.worker; print({heavy} & set(sys.modules))"

    found = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    assert found.stdout.strip() == "set()"


def test_a_file_that_is_not_a_job_is_named(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text("[]")

    code, said = run(tmp_path / "job.json")

    assert code == 2
    assert "job.json is not a job file" in said
