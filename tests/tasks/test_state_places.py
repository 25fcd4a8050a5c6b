"""Where the state file may be, and what may be in the way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from janitor.errors import HeldError, StateFileError, UsageError
from janitor.tasks import ManagerSettings, TaskManager
from janitor.tasks.files import ManagerFiles
from tests.tasks.workplace import Bench, statuses


@pytest.mark.parametrize("name", ["state[1].json", "st*te?.json", "größe.json"])
def test_a_state_of_any_name_loses_nothing(bench: Bench, name: str) -> None:
    bench.name = name
    manager = bench.manager()
    manager.add("a")
    bench.dies(manager)
    assert statuses(bench.manager()) == {"a": "pending"}


def test_a_manager_stays_with_its_file_whatever_becomes_the_working_directory(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    manager = TaskManager(bench.name, say=bench.lines.append)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.chdir(elsewhere)
    manager.add("a")
    manager.close()
    assert list(elsewhere.iterdir()) == []
    assert statuses(bench.manager()) == {"a": "pending"}


@pytest.fixture
def linked(bench: Bench, tmp_path: Path) -> Path:
    """A state file elsewhere, to which the bench's own name leads."""
    place = tmp_path / "disk" / "real.json"
    place.parent.mkdir()
    bench.state_file.symlink_to(place)
    return place


def test_the_backups_of_a_state_behind_a_link_are_states_of_their_own(
    bench: Bench, linked: Path
) -> None:
    manager = bench.manager()
    for name in "ab":
        manager.add(name)
        manager.save()
    manager.complete("a")
    bench.dies(manager)
    assert bench.state_file.is_symlink()
    linked.write_bytes(b"damaged")
    assert statuses(bench.manager()) == {"a": "completed", "b": "pending"}
    assert bench.state_file.is_symlink()


def test_a_state_is_held_under_all_its_names(bench: Bench, linked: Path) -> None:
    with bench.manager(), pytest.raises(HeldError, match="is held by process"):
        TaskManager(linked, say=bench.lines.append)


def test_saves_that_fail_do_not_push_the_earlier_states_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StateFileError("the disk is full")

    manager = bench.manager(backups=3)
    for name in "abcd":
        manager.add(name)
        manager.save()
    with monkeypatch.context() as patched:
        patched.setattr("janitor.tasks.files.write_atomically", fail)
        for _ in range(4):
            with pytest.raises(StateFileError, match="disk is full"):
                manager.save()
    manager.add("e")
    manager.save()
    kept = [json.loads((bench.folder / f"{bench.name}.{n}").read_text()) for n in (1, 2, 3)]
    assert [len(state["tasks"]) for state in kept] == [4, 3, 2]


def test_what_blocks_a_backup_is_reported_and_nothing_is_lost(bench: Bench) -> None:
    manager = bench.manager(backups=2)
    (bench.folder / f"{bench.name}.2" / "full").mkdir(parents=True)
    manager.save()
    manager.add("a")
    with pytest.raises(StateFileError, match=r"cannot keep a copy of .*manager_state"):
        manager.save()
    bench.dies(manager)
    assert list(ManagerFiles(bench.state_file).load().tasks) == ["a"]


def test_a_state_that_is_removed_under_its_manager_is_written_again(bench: Bench) -> None:
    manager = bench.manager()
    manager.add("a")
    manager.save()
    bench.state_file.unlink()
    manager.save()
    assert list(bench.document()["tasks"]) == ["a"]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"tasks": ' * 100_000, "\xef\xbb\xbf", ""])
def test_nonsense_is_not_a_state(bench: Bench, text: str) -> None:
    bench.state_file.write_text(text, "latin-1")
    with pytest.raises(StateFileError, match="is damaged"):
        bench.manager()
    assert bench.state_file.read_text("latin-1") == text


@pytest.mark.parametrize("generation", [None, "7", 1.5, True, -1])
def test_a_generation_that_is_none_is_damage(bench: Bench, generation: object) -> None:
    manager = bench.manager()
    manager.add("a")
    manager.close()
    document = bench.document()
    document["_janitor"]["generation"] = generation
    bench.state_file.write_text(json.dumps(document))
    assert ManagerFiles(bench.state_file).load().damaged
    assert statuses(bench.manager()) == {"a": "pending"}


@pytest.mark.parametrize("settings", [{"backups": 0}, {"max_retries": -1}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="at least"):
        ManagerSettings(**settings)  # type: ignore[arg-type]  # of many kinds
