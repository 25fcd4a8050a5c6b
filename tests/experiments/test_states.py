from __future__ import annotations

import math
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from janitor.errors import ConflictError, HeldError, NotFoundError, StateFileError, UsageError
from janitor.experiments import (
    ExperimentState,
    ExperimentStatus,
    ProcessProgress,
    ProcessStatus,
    StateManager,
)
from janitor.storage.locks import locked
from tests.experiments.samples import damage, dead_process


def test_the_words_of_an_experiment_are_the_documents() -> None:
    assert {status.name: status.value for status in ExperimentStatus} == {
        "INITIALISED": "initialised",
        "RUNNING": "running",
        "COMPLETED": "completed",
        "AGGREGATED": "aggregated",
        "FAILED": "failed",
        "INTERRUPTED": "interrupted",
    }
    assert {status.name: status.value for status in ProcessStatus} == {
        "PENDING": "pending",
        "RUNNING": "running",
        "COMPLETED": "completed",
        "FAILED": "failed",
    }


def test_a_state_as_the_document_makes_one() -> None:
    state = ExperimentState(
        experiment_id="exp_20240115_123456",
        status=ExperimentStatus.RUNNING,
        config_hash="abc123...",
        num_processes=4,
        process_progress={
            0: ProcessProgress(status=ProcessStatus.COMPLETED),
            1: ProcessProgress(status=ProcessStatus.RUNNING),
        },
    )
    assert state.process_progress[3].status is ProcessStatus.PENDING
    assert (state.processes_completed, state.processes_failed) == (1, 0)
    assert not state.can_aggregate()
    for progress in state.process_progress.values():
        progress.status = ProcessStatus.COMPLETED
    assert state.can_aggregate()


def test_a_manager_as_the_document_uses_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    manager = StateManager(state_dir=Path(".experiment_state"))

    state = manager.create("exp_123", total_runs=4)
    state = manager.load("exp_123")
    manager.save(state)
    assert [each.experiment_id for each in manager.find_incomplete()] == ["exp_123"]

    assert manager.find_by_config_hash("abc123...") is None
    state.config_hash = "abc123..."
    state.owner = dead_process()
    state.status = ExperimentStatus.RUNNING
    manager.save(state)
    found = manager.find_by_config_hash("abc123...")
    assert found is not None
    assert not found.is_subprocess_running()
    assert manager.cleanup_stale() == ["exp_123"]
    assert manager.load("exp_123").status is ExperimentStatus.INTERRUPTED
    assert (tmp_path / ".experiment_state" / "exp_123.json").is_file()


def test_every_value_survives_the_file(manager: StateManager) -> None:
    config = {"lr": math.inf, "name": "größe \ud83d", "nested": {"$number": "x"}, "n": 10**30}
    created = manager.create("exp_1", total_runs=2, config=config)
    found = manager.load("exp_1")
    assert found == created
    assert found.config == config


def test_a_state_that_another_process_wrote_is_not_covered(manager: StateManager) -> None:
    mine = manager.create("exp_1")
    manager.update("exp_1", lambda state: setattr(state, "total_runs", 7))
    mine.total_runs = 9
    said = rf"written by process {os.getpid()} on .+ revision 2, not 1; load it again"
    with pytest.raises(ConflictError, match=said):
        manager.save(mine)
    assert (manager.load("exp_1").total_runs, mine.revision) == (7, 1)


def test_an_experiment_that_was_created_again_is_not_overwritten(manager: StateManager) -> None:
    mine = manager.create("exp_1")
    manager.delete("exp_1")
    code = "import sys, janitor.experiments as e; e.StateManager(sys.argv[1]).create('exp_1', 7)"
    subprocess.run([sys.executable, "-c", code, manager.state_dir], check=True)
    with pytest.raises(ConflictError, match="created again"):
        manager.save(mine)
    assert manager.load("exp_1").total_runs == 7


def test_an_update_cannot_come_late_either(manager: StateManager) -> None:
    old = manager.create("exp_1")
    manager.update("exp_1", lambda state: setattr(state, "total_runs", 7))
    with pytest.raises(ConflictError, match="revision 2, not 1"):
        manager.update("exp_1", lambda _: old)
    assert manager.load("exp_1").total_runs == 7


def test_an_update_does_not_turn_an_experiment_into_another(manager: StateManager) -> None:
    manager.create("exp_1", total_runs=1)
    other = manager.create("exp_2")
    for change in (
        lambda _: other,
        lambda state: setattr(state, "experiment_id", "exp_2"),
    ):
        with pytest.raises(UsageError, match="exp_1 cannot become exp_2"):
            manager.update("exp_1", change)
    assert [state.total_runs for state in manager.list()] == [1, None]


def test_a_copy_of_an_experiment_that_is_gone_is_not_taken_for_the_new_one(
    manager: StateManager, problems: list[str]
) -> None:
    manager.create("exp_1", total_runs=1)
    manager.update("exp_1", lambda _: None)
    manager.path("exp_1").unlink()
    manager.create("exp_1", total_runs=2)
    damage(manager.path("exp_1"))
    assert manager.list() == []
    assert "it has no good copy" in problems[0]


def test_a_new_experiment_does_not_cover_an_old_one(manager: StateManager) -> None:
    manager.create("exp_1", total_runs=3)
    with pytest.raises(ConflictError, match="exp_1 exists already"):
        manager.create("exp_1")
    assert manager.load("exp_1").total_runs == 3


def test_a_removed_experiment_does_not_come_back(manager: StateManager) -> None:
    state = manager.create("exp_1")
    manager.delete("exp_1")
    with pytest.raises(ConflictError, match="removed"):
        manager.save(state)
    for missing in (manager.load, manager.delete):
        with pytest.raises(NotFoundError, match="experiment exp_1 does not exist"):
            missing("exp_1")
    assert manager.list() == []


def test_a_change_that_fails_changes_nothing(manager: StateManager) -> None:
    manager.create("exp_1")

    def fail(state: ExperimentState) -> None:
        state.total_runs = 5
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        manager.update("exp_1", fail)
    found = manager.load("exp_1")
    assert (found.total_runs, found.revision) == (None, 1)


def test_a_value_that_json_cannot_say_is_refused(manager: StateManager) -> None:
    state = manager.create("exp_1")
    state.result = object()
    with pytest.raises(StateFileError, match="exp_1 cannot be written"):
        manager.save(state)
    assert (state.revision, manager.load("exp_1").result) == (1, None)


def _add_marks(folder: Path, index: int, marks: int) -> None:
    manager = StateManager(folder)

    def mark(state: ExperimentState) -> None:
        state.process_progress[index].runs_completed += 1

    for _ in range(marks):
        manager.update("exp_1", mark)


@pytest.mark.parametrize("marks", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_eight_processes_that_add_marks_at_once_lose_none(tmp_path: Path, marks: int) -> None:
    manager = StateManager(tmp_path)
    manager.create("exp_1", total_runs=8 * marks, num_processes=8)
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_add_marks, args=(tmp_path, index, marks)) for index in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    state = manager.load("exp_1")
    assert [progress.runs_completed for progress in state.process_progress.values()] == [marks] * 8
    assert state.revision == 8 * marks + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".lock",
        "exp_1.json",
        "exp_1.json.bak",
    ]


def test_a_writer_killed_at_any_moment_leaves_a_whole_state(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from janitor.experiments import StateManager\n"
        "manager = StateManager(Path(sys.argv[1])); print('ready', flush=True)\n"
        "while True: manager.update('exp_1', lambda state: setattr(state, 'result', ['x'] * 999))\n"
    )
    problems: list[str] = []
    manager = StateManager(tmp_path, on_problem=problems.append)
    revision = manager.create("exp_1").revision
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        while manager.load("exp_1").revision < revision + 5:
            pass
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        revision = manager.load("exp_1").revision
    assert problems == []


def test_waiting_too_long_for_the_lock_is_an_error(tmp_path: Path) -> None:
    manager = StateManager(tmp_path, lock_timeout=0)
    code = (
        "import sys; from pathlib import Path; from janitor.storage.locks import locked\n"
        "with locked(Path(sys.argv[1]), 5): print('held', flush=True); sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / ".lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(HeldError, match=r"another process has held .+\.lock"):
            manager.create("exp_1")
        other.stdin.close()
    manager.create("exp_1")


def test_a_lock_is_free_after_use(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / ".lock", 0):
            pass
