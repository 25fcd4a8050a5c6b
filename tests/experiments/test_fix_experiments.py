"""``janitor fix --store experiments:DIR`` over files as they come, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from janitor.experiments import ExperimentStatus, StateManager
from janitor.runtime.processes import ProcessIdentity
from tests.experiments.samples import contents, damage, dead_process


def run(manager: StateManager, owner: ProcessIdentity) -> None:
    """Two experiments of the same owner; each has been written twice."""
    for name in ("gone", "torn"):
        state = manager.create(name, total_runs=2)
        state.status, state.owner = ExperimentStatus.RUNNING, owner
        manager.save(state)


def fix(manager: StateManager, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "janitor", "fix", *arguments]
    store = ["--store", f"experiments:{manager.state_dir}"]
    return subprocess.run(
        [*command, *store], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(autouse=True)
def _journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "journals"))


def test_a_dry_run_leaves_every_byte_and_the_damaged_file_as_it_is(manager: StateManager) -> None:
    run(manager, dead_process())
    manager.update("torn", lambda _: None, alive=False)
    damage(manager.path("torn"))
    (manager.state_dir / "package.json").write_text('{"name": "a web page"}')
    before = contents(manager.state_dir)
    dry = fix(manager, "--dry-run")
    assert contents(manager.state_dir) == before
    assert dry.returncode == 0
    assert "2 to interrupted (dead-process)" in dry.stdout
    assert "its last good copy is read" in dry.stderr
    assert fix(manager).returncode == 0
    assert manager.load("torn").status is ExperimentStatus.INTERRUPTED
    assert len(list(manager.state_dir.glob("*.corrupt-*"))) == 1


def test_what_others_wrote_beside_our_keys_survives_a_repair(manager: StateManager) -> None:
    run(manager, dead_process())
    path = manager.path("gone")
    document = json.loads(path.read_text())
    for part in (document, document["owner"], document["process_progress"]["1"]):
        part["theirs"] = {"a": [1, 2.5, None]}
    path.write_text(json.dumps(document))
    assert fix(manager).returncode == 0
    after = json.loads(path.read_text())
    assert after["status"] == "interrupted"
    for part in (after, after["owner"], after["process_progress"]["1"]):
        assert part["theirs"] == {"a": [1, 2.5, None]}
