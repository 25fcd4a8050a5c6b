from __future__ import annotations

import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from janitor.errors import ConflictError, HeldError, NotFoundError, StateFileError, UsageError
from janitor.experiments import (
    ExperimentState,
    ExperimentStatus,
    ProcessProgress,
    ProcessStatus,
    StateManager,
    config_hash,
    sanitize_experiment_id,
)
from janitor.model import Liveness
from janitor.processes import ProcessIdentity, this_process
from janitor.recoverable import locked

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def manager(tmp_path: Path, problems: list[str]) -> StateManager:
    return StateManager(tmp_path / "states", clock=lambda: NOON, on_problem=problems.append)


def dead_process() -> ProcessIdentity:
    """A process that was, on this machine."""
    child = subprocess.Popen(["sleep", "60"])
    identity = ProcessIdentity.of(child.pid)
    child.kill()
    child.wait()
    return identity


def of_another_host() -> ProcessIdentity:
    return this_process().model_copy(update={"host": "elsewhere"})


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


# ---- the document's snippets ---------------------------------------------------------------


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


# ---- save, load, update --------------------------------------------------------------------


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
        with pytest.raises(NotFoundError, match="no experiment exp_1"):
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


def test_eight_processes_that_add_a_thousand_marks_each_lose_none(tmp_path: Path) -> None:
    manager = StateManager(tmp_path)
    manager.create("exp_1", total_runs=8000, num_processes=8)
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_add_marks, args=(tmp_path, index, 1000)) for index in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    state = manager.load("exp_1")
    assert [progress.runs_completed for progress in state.process_progress.values()] == [1000] * 8
    assert state.revision == 8001
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


def test_who_waits_too_long_for_the_lock_is_told(tmp_path: Path) -> None:
    manager = StateManager(tmp_path, lock_timeout=0)
    code = (
        "import sys; from pathlib import Path; from janitor.recoverable import locked\n"
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


# ---- damage --------------------------------------------------------------------------------


def test_a_damaged_file_is_set_aside_and_its_last_good_copy_used(
    manager: StateManager, problems: list[str]
) -> None:
    manager.create("exp_1", total_runs=4)
    manager.update("exp_1", lambda state: setattr(state, "total_runs", 5))
    damage(manager.path("exp_1"))
    assert manager.load("exp_1").total_runs == 4
    (kept,) = manager.state_dir.glob("exp_1.json.corrupt-20260115T120000000000Z")
    assert len(kept.read_bytes()) == 40
    assert len(problems) == 1
    assert "last good copy is used" in problems[0]
    assert manager.load("exp_1").total_runs == 4
    assert len(problems) == 1


def test_a_damaged_file_without_a_copy_does_not_hide_the_others(
    manager: StateManager, problems: list[str]
) -> None:
    for name in ("exp_1", "exp_2", "exp_3"):
        manager.create(name)
    manager.path("exp_2").write_bytes(b"\0" * 100)
    assert [state.experiment_id for state in manager.list()] == ["exp_1", "exp_3"]
    assert "no good copy" in problems[0]
    assert list(manager.state_dir.glob("exp_2.json.corrupt-*"))
    with pytest.raises(NotFoundError):
        manager.load("exp_2")


def test_what_somebody_read_before_the_damage_is_not_written_over_the_copy(
    manager: StateManager,
) -> None:
    manager.create("exp_1")
    mine = manager.update("exp_1", lambda _: None)
    damage(manager.path("exp_1"))
    with pytest.raises(ConflictError, match="revision 1, not 2"):
        manager.save(mine)


def test_a_file_under_another_name_is_told_and_left(
    manager: StateManager, problems: list[str]
) -> None:
    manager.create("exp_1")
    text = manager.path("exp_1").read_text()
    manager.path("exp_2").write_text(text)
    assert [state.experiment_id for state in manager.list()] == ["exp_1"]
    assert "holds the state of another experiment, exp_1" in problems[0]
    assert manager.path("exp_2").read_text() == text


def test_a_link_out_of_the_folder_is_refused(manager: StateManager, tmp_path: Path) -> None:
    manager.create("exp_1")
    outside = tmp_path / "exp_2.json"
    outside.write_text(manager.path("exp_1").read_text().replace("exp_1", "exp_2"))
    manager.path("exp_2").symlink_to(outside)
    for use in (manager.load, manager.delete, lambda name: manager.update(name, lambda _: None)):
        with pytest.raises(StateFileError, match="symbolic link out of its folder"):
            use("exp_2")
    assert outside.exists()


# ---- versions of the file ------------------------------------------------------------------

VERSIONS = {
    0: {
        "experiment_id": "exp_1",
        "status": "running",
        "config_hash": "abc123",
        "num_processes": 2,
        "process_progress": {"0": {"status": "completed"}, "1": {"status": "running"}},
    },
    1: {
        "version": 1,
        "experiment_id": "exp_1",
        "status": "interrupted",
        "num_processes": 2,
        "process_progress": {"0": {"status": "completed", "runs_completed": 3}},
        "created_at": "2026-01-15T12:00:00Z",
        "revision": 12,
    },
}


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_every_version_are_read(manager: StateManager, version: int) -> None:
    manager.state_dir.mkdir()
    manager.path("exp_1").write_text(json.dumps(VERSIONS[version]))
    state = manager.load("exp_1")
    assert state.processes_completed == 1
    manager.save(state)
    assert json.loads(manager.path("exp_1").read_text())["version"] == 1


def test_a_newer_version_is_refused_and_left_alone(
    manager: StateManager, problems: list[str]
) -> None:
    manager.create("exp_1")
    text = manager.path("exp_1").read_text().replace('"version": 1', '"version": 99')
    manager.path("exp_1").write_text(text)
    with pytest.raises(StateFileError, match=r"of version 99, and this janitor knows .* up to 1"):
        manager.load("exp_1")
    assert manager.list() == []
    assert len(problems) == 1
    assert manager.path("exp_1").read_text() == text


def test_keys_of_others_survive(manager: StateManager) -> None:
    manager.create("exp_1")
    document = json.loads(manager.path("exp_1").read_text()) | {"team": "blue"}
    manager.path("exp_1").write_text(json.dumps(document))
    manager.update("exp_1", lambda _: None)
    assert json.loads(manager.path("exp_1").read_text())["team"] == "blue"


# ---- who lives -----------------------------------------------------------------------------


def running(manager: StateManager, name: str, owner: ProcessIdentity) -> None:
    state = manager.create(name, total_runs=2)
    state.status, state.owner = ExperimentStatus.RUNNING, owner
    state.process_progress[0].status = ProcessStatus.COMPLETED
    state.process_progress[1].status = ProcessStatus.RUNNING
    manager.save(state)


def test_only_what_is_known_to_be_gone_is_taken_for_interrupted(manager: StateManager) -> None:
    recycled = this_process().model_copy(update={"since_boot": this_process().since_boot - 5})
    running(manager, "gone", dead_process())
    running(manager, "number-taken-over", recycled)
    running(manager, "alive", this_process())
    running(manager, "elsewhere", of_another_host())
    running(
        manager, "other-container", this_process().model_copy(update={"pid_namespace": "pid:[1]"})
    )
    running(manager, "before-the-reboot", this_process().model_copy(update={"boot_id": "earlier"}))
    assert set(manager.cleanup_stale()) == {"gone", "number-taken-over", "before-the-reboot"}
    gone = manager.load("gone")
    assert gone.status is ExperimentStatus.INTERRUPTED
    assert [progress.status for progress in gone.process_progress.values()] == [
        ProcessStatus.COMPLETED,
        ProcessStatus.PENDING,
    ]
    assert manager.load("elsewhere").status is ExperimentStatus.RUNNING
    assert manager.cleanup_stale() == []


@pytest.mark.parametrize(
    ("identity", "liveness", "may_run"),
    [
        (this_process(), Liveness.ALIVE, True),
        (of_another_host(), Liveness.UNKNOWN, True),
        (dead_process(), Liveness.DEAD, False),
        (None, Liveness.UNKNOWN, True),
    ],
)
def test_a_subprocess_runs_unless_it_is_known_to_be_gone(
    identity: ProcessIdentity | None, liveness: Liveness, *, may_run: bool
) -> None:
    state = ExperimentState(experiment_id="e", status=ExperimentStatus.RUNNING, owner=identity)
    assert state.liveness() is liveness
    assert state.is_subprocess_running() is may_run


def test_an_experiment_that_was_never_started_runs_nowhere() -> None:
    assert not ExperimentState(experiment_id="e").is_subprocess_running()


def test_a_child_that_outlived_its_starter_keeps_the_experiment_alive() -> None:
    progress = ProcessProgress(status=ProcessStatus.RUNNING, identity=this_process())
    state = ExperimentState(
        experiment_id="e",
        status=ExperimentStatus.RUNNING,
        owner=dead_process(),
        process_progress={0: progress},
    )
    assert state.is_subprocess_running()


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen(["sleep", "60"])
    identity = ProcessIdentity.of(child.pid)
    assert identity.liveness() is Liveness.ALIVE
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert identity.liveness() is Liveness.DEAD
    child.wait()


def test_who_makes_an_experiment_run_owns_it(manager: StateManager) -> None:
    state = manager.create("exp_1")
    assert state.owner is None
    manager.update("exp_1", lambda found: setattr(found, "status", ExperimentStatus.RUNNING))
    assert manager.load("exp_1").owner == this_process()


# ---- finding -------------------------------------------------------------------------------


def test_the_newest_experiment_of_a_config_is_found_until_it_is_aggregated(tmp_path: Path) -> None:
    now = NOON

    def clock() -> datetime:
        nonlocal now
        now += timedelta(minutes=1)
        return now

    manager = StateManager(tmp_path, clock=clock)
    config = {"lr": 0.1, "layers": [1, 2]}
    for name in ("b", "a", "c"):
        manager.create(name, config=config)
    manager.create("other", config={"lr": 0.2})
    found = manager.find_by_config_hash(config_hash(config))
    assert found is not None
    assert found.experiment_id == "c"
    manager.update("c", lambda state: setattr(state, "status", ExperimentStatus.AGGREGATED))
    manager.update("other", lambda state: setattr(state, "status", ExperimentStatus.FAILED))
    found = manager.find_by_config_hash(config_hash(config))
    assert found is not None
    assert found.experiment_id == "a"
    assert [state.experiment_id for state in manager.find_incomplete()] == ["b", "a"]
    assert manager.ids() == ["a", "b", "c", "other"]


def test_equal_configurations_have_equal_hashes() -> None:
    known = config_hash({"a": 1, "b": {"x": [1, 2.5], "y": None}})
    assert known == config_hash({"b": {"y": None, "x": (1.0, 2.5)}, "a": 1.0})
    assert known == "07720367b39a4fdb31db869bea31e8c929569b71e8d990b343715124dbec3212"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": "1"}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": None}, {}),
        ({"a": math.inf}, {"a": -math.inf}),
    ],
)
def test_different_configurations_have_different_hashes(
    left: dict[str, object], right: dict[str, object]
) -> None:
    assert config_hash(left) != config_hash(right)


@pytest.mark.parametrize("config", [{1: 2}, {"a": {1}}, {"a": object()}])
def test_what_json_cannot_say_has_no_hash(config: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"JSON|text"):
        config_hash(config)


@pytest.mark.parametrize("name", ["exp_20240115_123456", "a", "A.b-c_d", "_x", "0", "x" * 128])
def test_safe_names_are_left_as_they_are(name: str) -> None:
    assert sanitize_experiment_id(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "C:\\x", "a\0b", ".hidden", "-rf"),
        *("con", "NUL.txt", "lpt1", "x" * 129, "a b", "ä", "a\n", "trailing.", None, 7),
    ],
)
def test_names_that_are_unsafe_are_refused(name: object) -> None:
    with pytest.raises(UsageError, match="no experiment's id"):
        sanitize_experiment_id(name)
    with pytest.raises(ValueError, match="no experiment's id"):
        sanitize_experiment_id(name)
