from __future__ import annotations

import json
from pathlib import Path

import pytest

from janitor.errors import ConflictError, NotFoundError, StateFileError
from janitor.experiments import (
    StateManager,
)
from janitor.storage.locks import locked
from tests.experiments.samples import contents, damage


def two_damaged(manager: StateManager) -> None:
    """Damage two states of which only the first has a copy."""
    for name in ("exp_1", "exp_2"):
        manager.create(name, total_runs=4)
    manager.update("exp_1", lambda _: None)
    for name in ("exp_1", "exp_2"):
        damage(manager.path(name))


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
    (problem,) = problems
    assert "it has no good copy" in problem
    assert list(manager.state_dir.glob("exp_2.json.corrupt-*"))
    with pytest.raises(NotFoundError):
        manager.load("exp_2")


def test_no_file_however_odd_hides_the_others(manager: StateManager, problems: list[str]) -> None:
    manager.create("good")
    manager.path("deep").write_bytes(b"[" * 200_000)
    manager.path("loop").symlink_to("loop.json")
    manager.path("folder").mkdir()
    manager.path("gone").symlink_to("nothing.json")
    assert [state.experiment_id for state in manager.list()] == ["good"]
    told = "\n".join(sorted(problems))
    assert "nested too deeply" in told
    assert "symbolic links" in told
    assert "folder.json: it is not a regular file" in told


@pytest.mark.parametrize(
    "text", ['{"name": "a web page"}', "[1, 2]", '"text"', '{"version": "1.2"}']
)
def test_a_file_of_others_is_reported_and_left_where_it_is(
    tmp_path: Path, problems: list[str], text: str
) -> None:
    (tmp_path / "package.json").write_text(text)
    manager = StateManager(tmp_path, on_problem=problems.append)
    assert manager.list() == []
    (problem,) = problems
    assert "is left as it is: it does not hold the state of an experiment" in problem
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"package.json": text}


def test_a_state_that_something_emptied_comes_from_its_copy(manager: StateManager) -> None:
    manager.create("exp_1", total_runs=4)
    manager.update("exp_1", lambda _: None)
    manager.path("exp_1").write_text("{}")
    assert manager.load("exp_1").total_runs == 4


def test_who_only_looks_reads_the_copy_and_moves_nothing(
    manager: StateManager, problems: list[str]
) -> None:
    two_damaged(manager)
    before = contents(manager.state_dir)
    looking = StateManager(manager.state_dir, rescues=False, on_problem=problems.append)
    assert [state.total_runs for state in looking.list()] == [4]
    told = "\n".join(sorted(problems))
    assert "its last good copy is read" in told
    assert "it has no good copy" in told
    assert contents(manager.state_dir) == before
    looking.update("exp_1", lambda _: None)
    assert len(list(manager.state_dir.glob("exp_1.json.corrupt-*"))) == 1


def test_a_folder_that_cannot_be_read_is_not_taken_for_empty(tmp_path: Path) -> None:
    assert StateManager(tmp_path / "not-yet").list() == []
    (tmp_path / "file").touch()
    manager = StateManager(tmp_path / "file")
    for use in (manager.list, manager.ids, manager.find_stale):
        with pytest.raises(StateFileError, match=r"cannot read .+file: Not a directory"):
            use()
    with pytest.raises(StateFileError, match=r"cannot read .+: File name too long"):
        StateManager(tmp_path / ("x" * 300)).load("exp_1")


def test_a_damaged_file_that_cannot_be_set_aside_is_still_read_from_its_copy(
    manager: StateManager, problems: list[str]
) -> None:
    two_damaged(manager)
    other = StateManager(manager.state_dir, lock_timeout=0, on_problem=problems.append)
    with locked(manager.state_dir / ".lock", 0):
        assert [state.total_runs for state in other.list()] == [4]
    assert sorted("exp_1.json is damaged" in problem for problem in problems) == [False, True]
    assert all("is damaged" in problem for problem in problems)


def test_what_somebody_read_before_the_damage_is_not_written_over_the_copy(
    manager: StateManager,
) -> None:
    manager.create("exp_1")
    mine = manager.update("exp_1", lambda _: None)
    damage(manager.path("exp_1"))
    with pytest.raises(ConflictError, match="revision 1, not 2"):
        manager.save(mine)


def test_a_file_under_another_name_is_reported_and_left(
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
