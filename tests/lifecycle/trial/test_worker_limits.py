"""The worker of an attempt at its limits: time, memory, GPUs, output and full disks."""

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
