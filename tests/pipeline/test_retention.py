"""Journals are kept by age and size; those that are needed stay whatever these say."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from janitor.model import Outcome
from janitor.pipeline import journal_writer, retention
from janitor.pipeline.journal_writer import PassJournal
from janitor.pipeline.retention import Retention
from janitor.records.journal import journals, read_journal
from janitor.runtime.processes import ProcessIdentity, this_process
from tests.experiments.samples import dead_process, of_another_host
from tests.records.test_journal import intend
from tests.support.passes import Scene
from tests.support.run_samples import DAY, HOUR, SECOND

KEEP_ALL = Retention()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "journals")


def kept(scene: Scene, keep: Retention = KEEP_ALL) -> PassJournal:
    """The journal of a pass that begins a second after the one before it."""
    scene.clock.move(SECOND)
    return PassJournal(
        scene.folder, scene.clock, command="fix", namespace="protein", retention=keep
    )


def a_pass(
    scene: Scene, keep: Retention = KEEP_ALL, number: int = 1, age: timedelta = SECOND
) -> Path:
    """A pass that wrote one run, so long ago by the file system's clock."""
    journal = kept(scene, keep)
    intend(journal, number)
    journal.settle(f"acme/rl/r{number}", Outcome.WRITTEN, None)
    journal.close()
    return aged(journal, age)


def aged(journal: PassJournal, age: timedelta) -> Path:
    path = journal.path
    assert path is not None
    time = path.stat().st_mtime - age.total_seconds()
    os.utime(path, (time, time))
    return path


def test_journals_go_by_their_age(scene: Scene) -> None:
    for days in (40, 31, 29, 1):
        a_pass(scene, number=days, age=days * DAY)
    last = a_pass(scene)
    assert [read_journal(path).writes[0].run for path in journals(scene.folder)[:-1]] == [
        "acme/rl/r29",
        "acme/rl/r1",
    ]
    assert journals(scene.folder)[-1] == last


def test_the_oldest_go_where_all_together_are_too_large(scene: Scene) -> None:
    paths = [a_pass(scene) for _ in range(12)]
    size = paths[0].stat().st_size
    intend(kept(scene, Retention(max_bytes=5 * size)))
    assert journals(scene.folder)[:-1] == paths[-5:]


def test_passes_that_wrote_nothing_remove_no_journal(scene: Scene) -> None:
    path = a_pass(scene, age=40 * DAY)
    kept(scene).close()
    assert journals(scene.folder) == [path]


def test_other_files_in_the_folder_are_left(scene: Scene) -> None:
    a_pass(scene)
    notes = scene.folder / "notes.jsonl"
    notes.write_text("mine")
    os.utime(notes, (0, 0))
    pipe = scene.folder / "janitor-20000101T000000.000000Z.jsonl"
    os.mkfifo(pipe)
    os.utime(pipe, (0, 0))
    a_pass(scene, Retention(max_bytes=0))
    assert notes.exists()
    assert pipe.exists()


def test_a_pass_does_not_remove_its_own_journal(scene: Scene) -> None:
    last = a_pass(scene, Retention(timedelta(0), 0))
    assert journals(scene.folder) == [last]


def test_a_server_whose_clock_is_wrong_costs_no_journal(scene: Scene) -> None:
    path = a_pass(scene)
    scene.clock.move(1000 * DAY)
    later = a_pass(scene)
    assert journals(scene.folder) == [path, later]


# ---- those that are needed ------------------------------------------------------------------


def _unfinished(journal: PassJournal) -> None:
    intend(journal, 7)


def _failed(journal: PassJournal) -> None:
    intend(journal, 7)
    journal.settle("acme/rl/r7", Outcome.FAILED, "may have been written")


def _failed_and_written(journal: PassJournal) -> None:
    """The first write of the two may still arrive."""
    _failed(journal)
    intend(journal, 7)
    journal.settle("acme/rl/r7", Outcome.WRITTEN, None)


@pytest.mark.parametrize("write", [_unfinished, _failed, _failed_and_written])
@pytest.mark.parametrize("limit", [Retention(max_age=timedelta(0)), Retention(max_bytes=0)])
def test_unconfirmed_writes_keep_a_journal_until_a_later_pass_settles_them(
    scene: Scene, limit: Retention, write: Callable[[PassJournal], None]
) -> None:
    journal = kept(scene)
    write(journal)
    journal.close()
    path = aged(journal, 400 * DAY)
    for _ in range(2):
        a_pass(scene, limit)
        assert path in journals(scene.folder)
    settling = kept(scene)
    settling.looked_after("acme/rl/r8")
    a_pass(scene, limit)
    assert path in journals(scene.folder)
    settling = kept(scene)
    settling.looked_after("acme/rl/r7")
    settling.close()
    a_pass(scene, limit)
    assert path not in journals(scene.folder)


@pytest.mark.parametrize(
    ("by", "age", "stays"),
    [
        (this_process(), HOUR, True),
        (of_another_host(), HOUR, True),
        (of_another_host(), DAY + HOUR, False),
        (dead_process(), HOUR, False),
    ],
)
def test_the_journal_of_a_pass_that_may_be_running_stays(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    by: ProcessIdentity,
    age: timedelta,
    stays: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(journal_writer, "this_process", lambda: by)
        journal = kept(scene)
        intend(journal)
        journal.settle("acme/rl/r1", Outcome.WRITTEN, None)
    path = aged(journal, age)
    a_pass(scene, Retention(max_bytes=0))
    assert (path in journals(scene.folder)) is stays


def test_a_journal_that_cannot_be_read_stays_until_it_is_too_old(scene: Scene) -> None:
    journal = kept(scene)
    intend(journal)
    path = aged(journal, SECOND)
    path.write_text("{}\n")
    a_pass(scene, Retention(max_bytes=0))
    assert path in journals(scene.folder)
    os.utime(path, (0, 0))
    a_pass(scene)
    assert path not in journals(scene.folder)


def test_only_journals_that_would_go_are_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        a_pass(scene)
    old = a_pass(scene, age=40 * DAY)
    read: list[Path] = []

    def reading(path: Path, *, found: bool) -> object:
        read.append(path)
        return read_journal(path, found=found)

    monkeypatch.setattr(retention, "read_journal", reading)
    a_pass(scene)
    assert read == [old]
