"""Promise 4: no journal, no write; and what lies in the folder of the journals is only input."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from janitor.model import summary as summaries
from janitor.records.journal import read_journal
from tests.promises.service import House, Runs, path_of, wait_until

MANY = 12
AT_ONCE = 8
"""Writes under way at once."""


def _delete(path: Path) -> None:
    path.unlink()


def _delete_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def _truncate(path: Path) -> None:
    os.truncate(path, path.read_bytes().index(b"\n") + 1)


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


def _link(path: Path) -> None:
    path.with_name("second").hardlink_to(path)


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"{}\n")


def repaired(house: House) -> list[str]:
    names = [f"r{number}" for number in range(MANY)]
    return [name for name in names if house.state(name) == "success"]


@pytest.mark.parametrize(
    "touch",
    [_delete, _delete_folder, _truncate, _replace, _link, _grow],
    ids=lambda touch: touch.__name__,
)
def test_a_journal_that_somebody_touches_stops_the_pass_before_the_next_write(
    house: House, emulator: Emulator, touch: Callable[[Path], None]
) -> None:
    runs = Runs()
    for number in range(MANY):
        runs.done(f"r{number}")
    house.seed(runs)
    emulator.faults.add(action="hold", match={"field": "upsertBucket", "sdk": False}, times=1)
    begun = house.begin_fix()
    house.wait_for_held()
    wait_until(lambda: len(repaired(house)) == AT_ONCE - 1)
    journal = begun.journal
    assert journal is not None, (house.janitor.files(), begun.process.poll())
    touch(journal)
    emulator.faults.release()
    done = begun.end()
    assert done.ended.code == 1
    assert "nothing more was written: the journal cannot be kept" in done.ended.err
    assert len(repaired(house)) == AT_ONCE
    others = done.totals.get("planned", 0) + done.totals.get("failed", 0)
    assert done.totals.get("written", 0) + others == MANY
    assert others >= MANY - AT_ONCE


def crafted(house: House, name: str, after: dict[str, object], **more: object) -> Path:
    """A journal that says that a killed pass had written the run as it is now."""
    head = {
        "event": "pass",
        "schema": "janitor.journal/1",
        "command": "fix",
        "namespace": "protein",
        "version": "0.1.0",
        "started_at": "2026-01-01T00:00:00Z",
    }
    intent = {
        "event": "intent",
        "run": path_of(name),
        "name": name,
        "wandb_state": "running",
        "heartbeat_at": "2026-01-01T00:00:00",
        "history_lines": 1,
        "form": "flat",
        "before": {},
        "after": after,
        "written": summaries.digest(house.summary(name)),
        "at": more.pop("at"),
    } | more
    folder = house.janitor.folder / "journals"
    folder.mkdir(mode=0o755, exist_ok=True)
    path = folder / "janitor-20260101T000000.000000Z.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in (head, intent)))
    return path


def test_a_planted_journal_makes_no_pass_write_keys_of_others(
    house: House, emulator: Emulator
) -> None:
    summary = {"protein.state": "success", "protein.objective": 1, "loss": 0.25}
    house.seed(Runs().done("r1", summary=summary).done("r2"))
    at = house.emulator.run(path_of("r1")).heartbeat_at
    planted = crafted(house, "r1", {"loss": 0.25}, before={"loss": 666, "evil": 1}, at=str(at))
    done = house.fix()
    assert house.summary("r1") == summary
    assert emulator.counts.edits[path_of("r1")] == 0
    assert house.state("r2") == "success"
    (warning,) = done.report["warnings"]
    assert warning["message"] == (
        f"a journal of an earlier pass is ignored: journals/{planted.name} names the key 'loss'"
        f" of {path_of('r1')}, which the janitor never writes"
    )


@pytest.mark.parametrize(
    ("summary", "tags"),
    [
        ({"loss": 1}, []),
        ({"protein.state": "success", "loss": 1}, ["janitor:ignore"]),
    ],
    ids=["untracked", "ignored"],
)
def test_a_crafted_journal_undoes_nothing_in_untracked_and_ignored_runs(
    house: House, emulator: Emulator, summary: dict[str, object], tags: list[str]
) -> None:
    house.seed(Runs().done("r1", summary=summary, tags=tags))
    path = crafted(
        house,
        "r1",
        {"protein.state": summary.get("protein.state", "success"), "protein.error": "x"},
        before={"protein.state": "failure"},
        at="2026-01-01T00:00:00Z",
    )
    done = house.undo(path, code=1)
    assert house.summary("r1") == summary
    assert emulator.counts.mutations == 0
    assert done.change("r1")["error"].startswith("not restored: it is ")


def test_pipes_and_devices_in_the_folders_hang_nothing(house: House) -> None:
    house.seed(Runs().done("r1"))
    folder = house.janitor.folder / "journals"
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / "janitor-20200101T000000.000000Z.jsonl")
    (folder / "janitor-20200102T000000.000000Z.jsonl").symlink_to("/dev/zero")
    done = house.fix()
    assert done.outcomes == {"r1": "written"}
    assert [warning["message"].rpartition(": ")[2] for warning in done.report["warnings"]] == [
        "it is not a regular file",
        "it is a symbolic link",
    ]
    listed = house.janitor.ends(0, "journal", "list", "--journal", "journals").out
    assert listed.count("\n") == 3
    os.mkfifo(house.janitor.folder / "pipe.json")
    (house.janitor.folder / "zero.json").symlink_to("/dev/zero")
    house.janitor.ends(0, "report", "trend", ".")
    for words in (["report", "show"], ["undo"], ["apply"]):
        ended = house.janitor.run(*words, "pipe.json")
        assert ended.code in {1, 2}
        assert "it is not a regular file" in ended.err


def test_a_folder_that_others_may_write_is_refused(house: House, emulator: Emulator) -> None:
    house.seed(Runs().done("r1"))
    (house.janitor.folder / "journals").mkdir()
    (house.janitor.folder / "journals").chmod(0o777)
    done = house.begin_fix().end()
    assert done.ended.code == 2
    assert "other users may write to it" in done.ended.err
    assert emulator.counts.mutations == 0


# ---- what was undone stays undone -----------------------------------------------------------


def test_what_was_undone_is_not_repeated_until_the_run_shows_life(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().done("r1").silent("r2"))
    house.fix()
    undone = house.undo(house.journals[-1])
    assert "do not repeat what was undone" in undone.ended.out
    again = house.fix()
    assert house.states("r1", "r2") == ["running", "running"]
    assert "was undone on" in again.held("r1")
    journal = house.journals[-1]
    assert read_journal(journal).command == "undo"
    assert f"{journal} --run r2" in again.held("r2")
    house.undo(journal, "--run", "r2")
    assert house.states("r1", "r2") == ["running", "timeout"]
    emulator.change(path_of("r1"), heartbeat_at="-40m", state="running")
    assert house.fix().outcomes == {"r1": "written"}
