"""What an undo does not restore: values and runs that changed since the janitor wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from janitor import report as reports
from janitor.model import Outcome
from tests.pipeline.undoing import Undoing
from tests.support.passes import PATH
from tests.support.run_samples import HOUR, MINUTE, ago, flat, nested

# ---- in the way -----------------------------------------------------------------------------


def test_a_value_that_is_not_ours_any_more_is_left_and_named(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat())
    moved_on = {"protein.state": "success", "protein.error": "mine"}
    undoing.scene.store.change(PATH, undoing.summary() | moved_on)
    (change,) = undoing.undo(journal).changes
    assert change.outcome is Outcome.WRITTEN
    assert "protein.state is 'success' now, not 'timeout'" in str(change.error)
    assert "protein.error is 'mine' now" in str(change.error)
    assert undoing.summary() == moved_on


def test_a_key_that_is_gone_is_in_the_way(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat(last_update="old"))
    gone = {k: v for k, v in undoing.summary().items() if k != "protein.last_update"}
    undoing.scene.store.change(PATH, gone)
    (change,) = undoing.undo(journal).changes
    assert "protein.last_update is gone now, not '2026-03" in str(change.error)
    assert undoing.summary() == flat()


def test_a_run_that_is_restored_in_part_is_named_and_an_error(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat(), flat())
    undoing.scene.store.change(PATH, undoing.summary() | {"protein.error": "mine"})
    report = undoing.undo(journal)
    assert [change.partial for change in report.changes] == [True, False]
    assert str(report.changes[0].error).startswith(
        "restored in part; not restored: protein.error is 'mine' now"
    )
    assert [error.message for error in report.errors] == [
        "1 run was restored only in part; the report says what is not"
    ]
    assert undoing.summary() == flat(error="mine")


# ---- left alone -----------------------------------------------------------------------------


def test_a_run_that_a_later_pass_wrote_is_left_alone(undoing: Undoing, tmp_path: Path) -> None:
    first, journal = undoing.fix(flat())
    reports.write(first, tmp_path / "first.json")
    undoing.undo(journal)
    undoing.scene.clock.move(HOUR)
    undoing.scene.fix()  # without the journals: nothing holds it
    later = undoing.summary()
    for file in (journal, tmp_path / "first.json"):
        report = undoing.undo(file)
        (change,) = report.changes
        assert change.outcome is Outcome.SUPERSEDED
        assert "the janitor wrote it again later (protein.janitor.at is" in str(change.error)
        assert [error.message for error in report.errors] == [
            "1 run was not restored; the report says why"
        ]
    assert undoing.summary() == later


@pytest.mark.parametrize("summary", [{"protein": 7}, {"protein": "mine"}, {"protein": None}])
def test_an_object_of_the_janitor_that_was_replaced_is_not_put_back(
    undoing: Undoing, summary: dict[str, Any]
) -> None:
    _, journal = undoing.fix(nested(last_update="old"))
    undoing.scene.store.change(PATH, summary)
    (change,) = undoing.undo(journal).changes
    assert change.outcome is Outcome.SUPERSEDED
    assert undoing.summary() == summary


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_summary_that_cannot_be_read_is_not_written_over(
    undoing: Undoing, *, dry_run: bool
) -> None:
    undoing.fix(nested())
    undoing.scene.store.change(PATH, heartbeat_at=ago(-2 * MINUTE))
    undoing.scene.clock.move(3 * MINUTE)
    undoing.scene.fix()  # a resurrection: undoing it only sets keys that are gone
    undoing.scene.store.put_text(PATH, "[1, 2]")
    writes = len(undoing.scene.store.writes)
    (change,) = undoing.undo(undoing.scene.journaled().path, dry_run=dry_run).changes
    assert change.outcome is Outcome.SUPERSEDED
    assert "cannot be read" in str(change.error)
    assert len(undoing.scene.store.writes) == writes


def test_a_run_that_was_deleted_is_reported(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat())
    undoing.scene.store.remove(PATH)
    (change,) = undoing.undo(journal).changes
    assert (change.outcome, change.error) == (Outcome.SUPERSEDED, f"run {PATH} does not exist")
