"""``janitor fix`` over experiments and tasks: the same pass, with no login and no network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from janitor.config.table import BrakeLimits, StandDownLimits
from janitor.errors import NotFoundError
from janitor.experiments import ExperimentStatus, StateManager
from janitor.model import LocalTarget, Policy
from janitor.pipeline.guards import brake, stand_down
from janitor.rules import judge
from janitor.stores.routing import RoutingStore
from janitor.tasks import TaskManager, TaskStatus
from janitor.tasks.files import ManagerFiles
from tests.experiments.samples import dead_process, of_another_host
from tests.stores.file_world import FileWorld

STATES, TASKS = "experiments:states", "tasks:manager_state.json"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two experiments whose process is gone, one elsewhere; a stale task and a fresh one."""
    manager = StateManager(tmp_path / "states")
    for name, owner in [
        ("gone1", dead_process()),
        ("gone2", dead_process()),
        ("far", of_another_host()),
    ]:
        state = manager.create(name, total_runs=2)
        state.status, state.owner = ExperimentStatus.RUNNING, owner
        manager.save(state)
    ago = [timedelta(hours=3)]
    tasks = TaskManager(
        tmp_path / "manager_state.json",
        clock=lambda: datetime.now(UTC) - ago[0],
        say=lambda _: None,
    )
    tasks.add_all((name, "", {}) for name in ("stale", "fresh", "waits"))
    tasks.assign("gpu0")
    ago[0] = timedelta(hours=1)
    tasks.assign("gpu1")
    tasks.close()
    return tmp_path


def janitor(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), **variables}
    command = [sys.executable, "-m", "janitor", *arguments]
    return subprocess.run(
        command, cwd=home, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def fix(home: Path, *arguments: str) -> dict[str, Any]:
    stores = ("--store", STATES, "--store", TASKS)
    done = janitor(home, "fix", *stores, "--journal", "j", "--report", "r.json", *arguments)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads((home / "r.json").read_text())
    return report


def told(home: Path) -> dict[str, str]:
    """Where everything stands, by the files themselves."""
    states = {one.experiment_id: one.status.value for one in StateManager(home / "states").list()}
    tasks = ManagerFiles(home / "manager_state.json").load().tasks
    return states | {name: task.status.value for name, task in tasks.items()}


def test_a_pass_over_local_state_is_a_pass_as_any(home: Path) -> None:
    before = told(home)
    planned = fix(home, "--dry-run")
    assert told(home) == before
    assert (planned["totals"]["planned"], planned["totals"]["held"]) == (3, 2)
    assert planned["totals"]["clean"] == 1, "a task that waits has no owner yet"
    fixed = fix(home)
    assert {(one["name"], one["rule"], one["outcome"]) for one in fixed["changes"]} == {
        ("gone1", "dead-process", "written"),
        ("gone2", "dead-process", "written"),
        ("stale", "stale-assignment", "written"),
    }
    changed = {"gone1": "interrupted", "gone2": "interrupted", "stale": "pending"}
    assert told(home) == before | changed
    assert fix(home)["totals"]["written"] == 0
    (journal, *_) = sorted((home / "j").iterdir())
    undone = janitor(home, "undo", str(journal), "--journal", "j2")
    assert undone.returncode == 0, undone.stderr
    assert told(home) == before
    task = ManagerFiles(home / "manager_state.json").load().tasks["stale"]
    assert (task.assigned_to, task.summary) == ("gpu0", {})
    assert task.assigned_at is not None


def test_a_plan_over_local_state_is_applied(home: Path) -> None:
    planned = janitor(home, "plan", "--store", STATES, "--out", "plan.json")
    assert planned.returncode == 0, planned.stderr
    applied = janitor(home, "apply", "plan.json", "--journal", "j")
    assert applied.returncode == 0, applied.stderr
    assert told(home)["gone1"] == "interrupted"


def test_targets_of_the_file_may_be_local_too(home: Path) -> None:
    (home / "janitor.yaml").write_text(f"targets:\n  - store: {STATES}\n")
    assert janitor(home, "fix", "--journal", "j").returncode == 0
    assert told(home)["gone2"] == "interrupted"


@pytest.mark.parametrize(
    ("given", "environ"),
    [(["--stale-after", "50m"], {}), ([], {"JANITOR_STALE_AFTER": "50m"})],
)
def test_how_long_a_task_may_be_assigned_is_a_setting(
    home: Path, given: list[str], environ: dict[str, str]
) -> None:
    fixed = janitor(home, "fix", "--store", TASKS, "--journal", "j", *given, **environ)
    assert fixed.returncode == 0, fixed.stderr
    assert {told(home)[name] for name in ("stale", "fresh", "waits")} == {"pending"}


def test_the_brake_holds_for_local_state(home: Path) -> None:
    braked = janitor(home, "fix", "--store", STATES, "--max-changes", "1", "--journal", "j")
    assert braked.returncode == 3
    assert told(home)["gone1"] == "running"


def test_a_folder_of_runs_is_judged_by_all_the_rules_of_sweeps(home: Path) -> None:
    world = FileWorld(home / "runs")
    summary = {"protein.state": "running", "protein.objective": 0.5}
    common = {"project": "acme/rl", "sweep": "s1", "created_at": "2026-01-15T12:00:00Z"}
    world.add({**common, "name": "r1", "state": "finished", "summary": summary})
    done = janitor(home, "fix", "--store", "file:runs", "--journal", "j")
    assert done.returncode == 0, done.stderr
    assert world.summary("acme/rl/r1")["protein.state"] == "success"
    (journal,) = (home / "j").iterdir()
    assert janitor(home, "undo", str(journal), "--journal", "j2").returncode == 0
    assert world.summary("acme/rl/r1") == summary


def test_a_local_run_is_explained(home: Path) -> None:
    told = janitor(home, "explain", f"{STATES}/far").stdout
    assert "the process in charge: unknown" in told
    assert "wandb-crashed: no match: it judges runs of W&B" in told
    assert "dead-process: held: whether its process lives cannot be determined" in told
    stale = janitor(home, "explain", f"{TASKS}/stale").stdout
    assert "stale-assignment: becomes initializing: assigned to gpu0 3 hours ago" in stale
    assert janitor(home, "explain", f"{STATES}/nobody").returncode == 2


def test_what_is_not_there_is_reported(home: Path) -> None:
    missing = janitor(home, "fix", "--store", "experiments:nowhere", "--journal", "j")
    assert missing.returncode == 2
    said = " ".join((missing.stderr + missing.stdout).split())
    assert re.search(r"the folder of experiments \S*nowhere does not exist", said)
    malformed = janitor(home, "fix", "--store", "elsewhere")
    assert malformed.returncode == 2
    assert "write experiments:DIR, tasks:FILE or file:DIR" in malformed.stderr


def test_a_state_that_was_removed_meanwhile_is_not_created_again(home: Path) -> None:
    store = RoutingStore(Policy(), lambda: datetime.now(UTC))
    path = home / "manager_state.json"
    run, *_ = store.fetch_runs(LocalTarget("tasks", str(path))).runs
    path.unlink()
    before = sorted(home.iterdir())
    with pytest.raises(NotFoundError, match=r"the manager state .* does not exist"):
        store.update_run_summary(run, {"protein.state": "initializing"})
    assert sorted(home.iterdir()) == before


def test_a_manager_at_work_is_left_in_peace(home: Path) -> None:
    with TaskManager(home / "manager_state.json", say=lambda _: None) as manager:
        manager.assign("gpu2")
        assert fix(home)["totals"]["failed"] == 0
        assert manager.count(TaskStatus.ASSIGNED) == 2


def test_local_runs_neither_trip_nor_blunt_the_guards_of_silence(home: Path) -> None:
    store = RoutingStore(Policy(), lambda: datetime.now(UTC))
    target = LocalTarget("experiments", str(home / "states"))
    now = datetime.now(UTC) + timedelta(minutes=30)
    judged = [judge(run, Policy(), now) for run in store.fetch_runs(target).runs] * 10
    found, silent = stand_down(judged, StandDownLimits(), now)
    assert (found.open, silent) == (0, frozenset())
    assert not brake(judged, BrakeLimits(max_silent_percent=0)).tripped
