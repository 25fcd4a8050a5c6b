"""The journal of a pass on disk: when it is made, and where."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from janitor.errors import JournalError, UsageError
from janitor.pipeline.journal_writer import PassJournal
from janitor.records.journal import journals, read_journal
from tests.records.test_journal import intend, written
from tests.support.passes import Scene


def begun(scene: Scene) -> PassJournal:
    journal = scene.journal()
    intend(journal)
    return journal


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


def test_journals_of_the_same_moment_are_kept_apart_and_in_order(scene: Scene) -> None:
    for number in range(1, 13):
        journal = scene.journal()
        intend(journal, number)
        journal.close()
    assert [read_journal(path).writes[0].run for path in journals(scene.folder)] == [
        f"acme/rl/r{number}" for number in range(1, 13)
    ]


def test_a_folder_that_cannot_be_made_is_reported_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file"):
        Scene(tmp_path / "file" / "journals").journal()


def test_a_folder_into_which_others_can_write_is_refused(scene: Scene) -> None:
    scene.folder.mkdir(parents=True)
    scene.folder.chmod(0o777)
    with pytest.raises(UsageError, match="other users may write to it"):
        scene.journal()


def test_a_folder_that_is_opened_to_others_before_the_first_write_is_refused(
    scene: Scene,
) -> None:
    journal = scene.journal()
    scene.folder.chmod(0o777)
    with pytest.raises(JournalError, match="other users may write to it"):
        intend(journal)
    assert journals(scene.folder) == []


@pytest.mark.parametrize("ends", [0, 1, 2])
def test_a_journal_is_closed_once(scene: Scene, ends: int) -> None:
    journal = begun(scene)
    for _ in range(ends):
        journal.close("SIGTERM")
    assert scene.journaled().ended is (ends > 0)


def test_a_journal_that_is_gone_at_the_end_is_reported_once(scene: Scene) -> None:
    journal = begun(scene)
    assert journal.path is not None
    journal.path.unlink()
    with pytest.raises(JournalError, match="deleted or moved"):
        journal.close()
    journal.close()
