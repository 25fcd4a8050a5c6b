"""The journal of a pass on disk: when it is made, whose it is, and how long it is kept."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

import janitor.pipeline.journal_writer
from janitor.errors import JournalError
from janitor.pipeline.journal_writer import KEPT, PassJournal
from janitor.records.journal import journals, read_journal
from janitor.runtime.processes import ProcessIdentity, this_process
from tests.experiments.samples import dead_process, of_another_host
from tests.records.test_journal import intend, written
from tests.support.passes import Scene
from tests.support.run_samples import DAY, HOUR, SECOND


def begun(scene: Scene) -> PassJournal:
    journal = scene.journal()
    intend(journal)
    return journal


def many_others(scene: Scene) -> None:
    for _ in range(KEPT + 3):
        scene.clock.move(SECOND)
        begun(scene).close()


def test_the_journal_of_a_pass_at_work_outlasts_those_of_many_others(scene: Scene) -> None:
    journal = begun(scene)
    many_others(scene)
    assert journal.path in journals(scene.folder)
    journal.close()
    begun(scene).close()
    assert journal.path not in journals(scene.folder)


@pytest.mark.parametrize(
    ("by", "later", "is_kept"),
    [
        (this_process(), HOUR, True),
        (of_another_host(), HOUR, True),
        (of_another_host(), DAY, False),
        (dead_process(), HOUR, False),
    ],
)
def test_what_cannot_be_told_from_a_pass_at_work_is_kept_for_a_day(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    by: ProcessIdentity,
    later: timedelta,
    is_kept: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(janitor.pipeline.journal_writer, "this_process", lambda: by)
        journal = begun(scene)
    scene.clock.move(later)
    many_others(scene)
    assert (journal.path in journals(scene.folder)) is is_kept


def test_a_damaged_journal_is_not_kept_for_ever(scene: Scene) -> None:
    path = begun(scene).path
    assert path is not None
    path.write_text("{}\n")
    many_others(scene)
    assert path not in journals(scene.folder)


def test_nothing_written_leaves_no_journal(scene: Scene) -> None:
    scene.journal().close()
    assert journals(scene.folder) == []


def test_a_journal_is_its_owners_alone(scene: Scene) -> None:
    path = written(scene)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_intent_is_on_disk_before_the_write_begins(scene: Scene) -> None:
    journal = scene.journal()
    intend(journal)
    (write,) = scene.journaled().writes
    assert write.outcome is None
    assert not scene.journaled().ended


def test_of_many_journals_the_last_fifty_are_kept(scene: Scene) -> None:
    for number in range(KEPT + 3):
        scene.clock.move(SECOND)
        journal = scene.journal()
        intend(journal, number)
        journal.close()
    kept = journals(scene.folder)
    assert len(kept) == KEPT
    assert [read_journal(path).writes[0].run for path in (kept[0], kept[-1])] == [
        "acme/rl/r3",
        f"acme/rl/r{KEPT + 2}",
    ]


def test_passes_that_wrote_nothing_push_no_journal_out(scene: Scene) -> None:
    path = written(scene)
    for _ in range(KEPT + 3):
        scene.clock.move(SECOND)
        scene.journal().close()
    assert journals(scene.folder) == [path]


def test_other_files_in_the_folder_are_left(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    for number in range(KEPT + 3):
        (scene.folder / f"notes-{number}.jsonl").write_text("mine")
    written(scene)
    assert len(list(scene.folder.iterdir())) == KEPT + 4


def test_a_pass_whose_clock_runs_behind_does_not_drop_its_own_journal(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    for number in range(KEPT + 3):
        (scene.folder / f"janitor-20990101T000000.{number:06}Z.jsonl").write_text("")
    journal = scene.journal()
    intend(journal)
    journal.close()
    assert len(journals(scene.folder)) == KEPT
    assert read_journal(journals(scene.folder)[0]).writes[0].run == "acme/rl/r1"


def test_journals_of_the_same_moment_are_kept_apart_and_in_order(scene: Scene) -> None:
    for number in range(1, 13):
        journal = scene.journal()
        intend(journal, number)
        journal.close()
    assert [read_journal(path).writes[0].run for path in journals(scene.folder)] == [
        f"acme/rl/r{number}" for number in range(1, 13)
    ]


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="file"):
        Scene(tmp_path / "file" / "journals").journal()
