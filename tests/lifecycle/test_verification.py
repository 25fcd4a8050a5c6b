"""The verification list of the bug report "WandB sweep runs stuck in 'running' state for ever".

One test a point, in the list's own words: real processes with the real SDK, then ``janitor fix``,
then what a reader sees through ``wandb.Api()``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import janitor
from janitor.emulator import Emulator
from tests.lifecycle.lifecycle_runs import start_training

SWEEP = "acme/rl/s1"
CONFIG = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}


@pytest.fixture(autouse=True)
def sweep(emulator: Emulator) -> None:
    emulator.seed(
        {"defaults": {"project": "acme/rl"}, "sweeps": [{"name": "s1", "config": CONFIG}]}
    )


def run_in_sweep(
    emulator: Emulator, folder: Path, run: str, code: str, returncode: int = 0
) -> None:
    """One run of the sweep, as an agent starts it."""
    folder = folder / run
    folder.mkdir()
    process = start_training(
        folder,
        "wandb_run = wandb.init(config={'lr': 0.1})\n" + code,
        emulator,
        WANDB_SWEEP_ID="s1",
        WANDB_RUN_ID=run,
        WANDB_ENTITY="acme",
        WANDB_PROJECT="rl",
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == returncode, err


def let_the_janitor_come(emulator: Emulator, folder: Path) -> None:
    """An hour later."""
    emulator.advance(3600)
    subprocess.run(
        [sys.executable, "-m", "janitor", "fix", "--sweep", SWEEP, "--force"],
        env=emulator.environment(folder),
        cwd=folder,
        check=True,
        capture_output=True,
    )


def seen_by_a_reader(api: Any) -> dict[str, dict[str, Any]]:
    """Each run's summary, through ``wandb.Api()``."""
    runs = api.runs("acme/rl", filters={"sweep": "s1"}, lazy=False)
    return {run.id: dict(run.summary_metrics) for run in runs}


def loaded_by_an_optimizer(api: Any) -> dict[str, dict[str, Any]]:
    """Each run's observation."""
    table = janitor.observations(api, SWEEP)
    return {row["run"]: row for row in json.loads(table.to_json(orient="records"))}


def test_1_a_run_shows_success_after_completion(
    emulator: Emulator, api: Any, tmp_path: Path
) -> None:
    # The state manager writes it; without one, the janitor does, from the objective.
    managed = "with RobustSweepStateManager() as manager: manager.set_success(0.7, 12)"
    stuck = 'wandb_run.summary.update({"protein.state": "running", "protein.objective": 0.7})'
    run_in_sweep(emulator, tmp_path, "managed", managed)
    assert emulator.run("acme/rl/managed").summary["protein.state"] == "success"
    run_in_sweep(emulator, tmp_path, "stuck", stuck)
    assert emulator.run("acme/rl/stuck").summary["protein.state"] == "running"
    let_the_janitor_come(emulator, tmp_path)
    seen = seen_by_a_reader(api)
    assert {run: seen[run]["protein.state"] for run in seen} == dict.fromkeys(seen, "success")
    assert len(seen) == 2


def test_2_failed_runs_show_the_failed_state(emulator: Emulator, api: Any, tmp_path: Path) -> None:
    managed = "with RobustSweepStateManager(): raise ValueError('no data')"
    stuck = 'wandb_run.summary.update({"protein.state": "running"})\nraise ValueError("no data")'
    run_in_sweep(emulator, tmp_path, "managed", managed, returncode=1)
    run_in_sweep(emulator, tmp_path, "stuck", stuck, returncode=1)
    let_the_janitor_come(emulator, tmp_path)
    seen = seen_by_a_reader(api)
    assert {run: seen[run]["protein.state"] for run in seen} == dict.fromkeys(seen, "failure")
    assert seen["managed"]["protein.error"] == "ValueError: no data"


def test_3_timed_out_runs_show_the_timeout_state(
    emulator: Emulator, api: Any, tmp_path: Path
) -> None:
    managed = "with RobustSweepStateManager(): raise TimeoutError('slow')"
    stuck = 'wandb_run.summary.update({"protein.state": "evaluating"})'
    run_in_sweep(emulator, tmp_path, "managed", managed, returncode=1)
    run_in_sweep(emulator, tmp_path, "stuck", stuck)
    let_the_janitor_come(emulator, tmp_path)
    seen = seen_by_a_reader(api)
    assert {run: seen[run]["protein.state"] for run in seen} == dict.fromkeys(seen, "timeout")


def test_4_the_dashboard_shows_clearly_how_each_run_ended(
    emulator: Emulator, api: Any, tmp_path: Path
) -> None:
    # What the dashboard's table shows is the summary: each run says its state, when and why.
    running = 'wandb_run.summary.update({"protein.state": "running"})\n'
    run_in_sweep(emulator, tmp_path, "r1", running + "raise ValueError('no data')", returncode=1)
    run_in_sweep(emulator, tmp_path, "r2", running)
    run_in_sweep(emulator, tmp_path, "r3", "with RobustSweepStateManager(): pass")
    let_the_janitor_come(emulator, tmp_path)
    seen = seen_by_a_reader(api)
    states = {run: summary["protein.state"] for run, summary in seen.items()}
    assert states == {"r1": "failure", "r2": "timeout", "r3": "success"}
    for run in ("r1", "r2"):
        assert seen[run].keys() >= {"protein.error", "protein.failure_time"}
        assert seen[run]["protein.janitor.reason"]
    assert "protein.completion_time" in seen["r3"]


def test_5_an_optimizer_reliably_loads_the_observations_of_completed_runs(
    emulator: Emulator, api: Any, tmp_path: Path
) -> None:
    run_in_sweep(
        emulator,
        tmp_path,
        "good",
        "with RobustSweepStateManager() as manager: manager.set_success(0.7, 12)",
    )
    stuck = 'wandb_run.summary.update({"protein.state": "running", "protein.objective": 0.5})'
    run_in_sweep(emulator, tmp_path, "stuck", stuck)
    failed = "with RobustSweepStateManager(): raise ValueError('no data')"
    run_in_sweep(emulator, tmp_path, "failed", failed, returncode=1)
    before = loaded_by_an_optimizer(api)
    assert before["good"]["objective"] == 0.7
    assert before["stuck"]["objective"] is None
    let_the_janitor_come(emulator, tmp_path)
    after = loaded_by_an_optimizer(api)
    assert json.dumps(after, sort_keys=True) == json.dumps(
        {
            "good": _row("good", "success", 0.7, 12.0),
            "stuck": _row("stuck", "success", 0.5, None),
            "failed": _row("failed", "failure", None, None),
        },
        sort_keys=True,
    )


def _row(run: str, state: str, objective: float | None, cost: float | None) -> dict[str, Any]:
    return {"run": run, "state": state, "objective": objective, "cost": cost, "lr": 0.1}
