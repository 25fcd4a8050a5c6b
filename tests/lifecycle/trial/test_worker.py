"""The worker of a job: what it runs, how it ends, and when it leaves an attempt alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from janitor.lifecycle.trial.trial import Trial
from tests.lifecycle.trial.working import (
    job_in,
    marker,
    reports_in,
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


def test_a_command_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    path = shell(tmp_path, "trap '' TERM; echo on > begun; while :; do sleep 0.05; done")
    worker = start(path)
    wait_until_exists(tmp_path / "begun")

    worker.send_signal(signal.SIGTERM)
    worker.wait(60)

    assert marker(path)["ending"] == "preempted"
    assert marker(path)["code"] == -signal.SIGKILL


def test_a_job_is_ended_at_its_time_limit(tmp_path: Path) -> None:
    path = shell(tmp_path, "exec sleep 60", resources={"gpus": 0, "time": 0.3, "memory": None})

    run(path)

    assert marker(path)["ending"] == "timeout"


def test_a_job_is_ended_at_its_memory_limit(tmp_path: Path) -> None:
    script = "import time; data = bytearray(300_000_000); time.sleep(60)"
    resources = {"gpus": 0, "time": None, "memory": 100_000_000}
    path = job_in(tmp_path, [sys.executable, "-c", script], resources=resources)

    run(path)

    assert marker(path)["ending"] == "failed"
    assert "memory" in marker(path)["reason"]


def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    script = (
        "import os, time; data = bytearray(b'x' * 150_000_000);"
        "[os.fork() or time.sleep(2.5) or os._exit(0) for _ in range(3)]; time.sleep(2.5)"
    )
    resources = {"gpus": 0, "time": None, "memory": 300_000_000}
    path = job_in(tmp_path, [sys.executable, "-c", script], resources=resources)

    run(path)

    assert marker(path)["ending"] == "ok"


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


def test_jobs_share_gpus_by_locks(tmp_path: Path) -> None:
    locks = [str(tmp_path / ".gpu_locks" / f"gpu_{number}.lock") for number in range(2)]
    paths = [
        shell(
            tmp_path / str(number),
            "echo devices $CUDA_VISIBLE_DEVICES; sleep 0.5",
            resources={"gpus": 1, "time": None, "memory": None},
            local={"gpu_locks": locks},
        )
        for number in range(3)
    ]

    workers = [start(path) for path in paths]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]

    logs = sorted((path.parent / "log").read_text().strip() for path in paths)
    assert logs[0] == "devices 0"
    assert logs[2] == "devices 1"


def test_a_lot_of_output_is_kept_in_bounds(tmp_path: Path) -> None:
    script = (
        "import sys\nfor _ in range(2000): sys.stdout.write('x' * 99_999 + '\\n')\nprint('loss=2')"
    )
    path = job_in(tmp_path, [sys.executable, "-c", script])

    run(path)

    assert marker(path)["objective"] == 2.0
    assert sum(log.stat().st_size for log in path.parent.glob("log*")) < 400_000_000


def test_a_job_that_prints_without_end_is_ended_at_its_time_limit(tmp_path: Path) -> None:
    resources = {"gpus": 0, "time": 1.0, "memory": None}
    path = shell(tmp_path, "echo a=1; exec yes loss=1", resources=resources)
    worker = start(path)
    wait_until_exists(path.parent / "state.json")
    state = json.loads((path.parent / "state.json").read_text())
    while not state["child"]:
        state = json.loads((path.parent / "state.json").read_text())

    wait_until_gone(state["child"], seconds=90)

    worker.kill()
    worker.communicate()


def test_a_torn_last_line_of_the_reports_loses_only_itself(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo loss=3")
    (path.parent / "metrics.jsonl").write_text('{"step": 1, "metrics": {"loss": 9}}\n{"st')

    run(path)

    assert marker(path)["objective"] == 3.0


def test_a_report_that_was_cut_short_spoils_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial({"JANITOR_TRIAL_DIR": str(tmp_path)})
    trial.report(1, loss=1.0)
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:9]))
    trial.report(2, loss=2.0)
    monkeypatch.undo()
    trial.report(3, loss=3.0)
    trial.report(4, loss=4.0)

    assert [one.metrics["loss"] for one in reports_in(tmp_path)] == [1.0, 3.0, 4.0]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_does_not_lose_the_exit_marker(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        path = shell(small, "head -c 10000000 /dev/zero > filler; echo loss=1; exit 3")
        run(path)
        assert marker(path)["ending"] == "failed"
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_worker_whose_own_log_is_full_goes_on(tmp_path: Path) -> None:
    path = shell(tmp_path, "echo loss=1")
    (path.parent / "state.json").mkdir()  # no heartbeat can be written

    with Path("/dev/full").open("w") as full:
        code = subprocess.run(
            [sys.executable, "-m", "janitor.lifecycle.trial", str(path)], check=False, stderr=full
        ).returncode

    assert (code, marker(path)["ending"]) == (0, "ok")


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
