"""``janitor.fix``: a pass for scripts and notebooks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import janitor
from janitor.emulator import Emulator
from tests.support.waiting import wait_until

PROLOGUE = """
import json, signal, sys, threading
from datetime import timedelta
import janitor
TARGET = janitor.parse_target("sweep", "acme/rl/s1")
"""
EPILOGUE = """
print(json.dumps({"totals": report.totals.model_dump(), "dry_run": report.dry_run,
                  "interrupted": report.interrupted, "errors": len(report.errors)}))
"""


def start(emulator: Emulator, folder: Path, code: str) -> subprocess.Popen[str]:
    """A script whose code makes a report."""
    return subprocess.Popen(
        [sys.executable, "-c", f"{PROLOGUE}\n{code}\n{EPILOGUE}"],
        env=emulator.environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the script prints of its report."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def answer(emulator: Emulator, folder: Path, code: str) -> dict[str, Any]:
    """The same, from its start to its end."""
    return end(start(emulator, folder, code))


@pytest.fixture
def runs(emulator: Emulator) -> Emulator:
    """A sweep with a silent run and one that is alive."""
    base = {
        "project": "acme/rl",
        "sweep": "s1",
        "created_at": "-3h",
        "state": "running",
        "summary": {"protein.state": "running"},
    }
    emulator.seed(
        [
            {**base, "name": "silent", "heartbeat_at": "-2h"},
            {**base, "name": "alive", "heartbeat_at": "-1m"},
        ]
    )
    return emulator


def test_it_repairs_and_returns_the_report(runs: Emulator, tmp_path: Path) -> None:
    found = answer(runs, tmp_path, "report = janitor.fix([TARGET])")
    assert (found["totals"]["written"], found["totals"]["held"]) == (1, 1)
    assert runs.counts.edits == {"acme/rl/silent": 1}


def test_a_dry_run_writes_nothing(runs: Emulator, tmp_path: Path) -> None:
    found = answer(runs, tmp_path, "report = janitor.fix([TARGET], dry_run=True)")
    assert (found["dry_run"], found["totals"]["planned"]) == (True, 1)
    assert runs.counts.edits == {}


def test_the_settings_count(runs: Emulator, tmp_path: Path) -> None:
    code = "report = janitor.fix([TARGET], janitor.Config(heartbeat_timeout=timedelta(hours=5)))"
    assert answer(runs, tmp_path, code)["totals"]["written"] == 0


def test_the_targets_of_the_settings_are_taken_where_none_are_given(
    runs: Emulator, tmp_path: Path
) -> None:
    code = "report = janitor.fix(config=janitor.Config(targets=(TARGET,)), dry_run=True)"
    assert answer(runs, tmp_path, code)["totals"]["planned"] == 1


def test_it_runs_in_another_thread_and_leaves_signals_alone(runs: Emulator, tmp_path: Path) -> None:
    code = """
before = signal.getsignal(signal.SIGINT)
found = []
thread = threading.Thread(target=lambda: found.append(janitor.fix([TARGET])))
thread.start()
thread.join()
assert signal.getsignal(signal.SIGINT) is before
(report,) = found
"""
    assert answer(runs, tmp_path, code)["totals"]["written"] == 1


def test_a_signal_ends_the_pass_and_the_handlers_are_back(runs: Emulator, tmp_path: Path) -> None:
    runs.faults.add(action="hang", match={"field": "upsertBucket"})
    code = """
before = signal.getsignal(signal.SIGINT)
report = janitor.fix([TARGET])
assert signal.getsignal(signal.SIGINT) is before
"""
    process = start(runs, tmp_path, code)
    wait_until(lambda: runs.faults.waiting)
    process.send_signal(signal.SIGINT)
    found = end(process)
    assert found["interrupted"] == "SIGINT"
    assert (found["totals"]["written"], found["totals"]["failed"]) == (0, 1)


def test_without_targets_it_says_what_to_name() -> None:
    with pytest.raises(janitor.UsageError, match="nothing to scan"):
        janitor.fix()


def test_local_state_needs_no_server(tmp_path: Path) -> None:
    manager = janitor.StateManager(tmp_path / "states")
    manager.create("exp_1", config={"lr": 0.1})
    target = janitor.parse_target("store", f"experiments:{tmp_path / 'states'}")
    report = janitor.fix([target], janitor.Config(journal=tmp_path / "journals"), dry_run=True)
    assert report.totals.runs == 1
