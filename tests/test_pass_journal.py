"""Of the journals in a folder the oldest go, but none that a pass is still writing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import janitor.pass_journal
from janitor.journal import journals
from janitor.pass_journal import KEPT, PassJournal
from janitor.processes import ProcessIdentity, this_process
from tests.experiments.experiment_samples import dead_process, of_another_host
from tests.passes import Scene
from tests.run_samples import DAY, HOUR, SECOND
from tests.test_journal import intend


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "journals")


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
        patched.setattr(janitor.pass_journal, "this_process", lambda: by)
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
