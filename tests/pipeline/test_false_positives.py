"""Runs that an earlier pass closed by mistake are counted, also if they have ended since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from janitor.pipeline.history import Past
from janitor.records.journal import journals
from janitor.records.report import Report
from tests.support.passes import PATH, SILENT, Scene
from tests.support.run_samples import MINUTE, make_run


class Told:
    """Passes that know what earlier ones wrote."""

    def __init__(self, folder: Path, run: Any = SILENT) -> None:
        self.scene = Scene(folder)
        self.scene.store.add(run)
        self.passed()

    def passed(self, *, dry_run: bool = False) -> Report:
        past = Past()
        past.add_journals(journals(self.scene.folder))
        return self.scene.fix(dry_run=dry_run, past=past)

    def counted(self, *, dry_run: bool = False) -> dict[str, int]:
        found = self.passed(dry_run=dry_run).false_positives
        return dict(found.by_rule) if found else {}

    def later(self, summary: dict[str, Any], wandb: str = "finished", **more: Any) -> None:
        """The run lives on for ten minutes after the pass, and then is as given."""
        self.scene.clock.move(10 * MINUTE)
        beat = self.scene.clock.now().isoformat()
        fields = {"wandb_state": wandb, "heartbeat_at": beat} | more
        self.scene.store.change(PATH, summary, **fields)
        self.scene.clock.move(10 * MINUTE)

    @property
    def marked(self) -> dict[str, Any]:
        return self.scene.store.summary(PATH)


@pytest.mark.parametrize("state", ["success", "failure", "cancelled", "timeout"])
def test_a_run_that_lived_on_and_ended_before_the_next_pass_counts_once(
    tmp_path: Path, state: str
) -> None:
    told = Told(tmp_path)
    told.later({"protein.state": state, "protein.objective": 0.5})
    assert told.counted(dry_run=True) == {"heartbeat-expired": 1}
    assert told.counted() == {"heartbeat-expired": 1}
    assert told.counted() == {}


def test_a_resumed_process_that_sends_our_marks_again_counts_once(tmp_path: Path) -> None:
    told = Told(tmp_path)
    logged = (told.scene.clock.now() + 5 * MINUTE).timestamp()
    told.later({**told.marked, "_timestamp": logged})
    assert told.counted() == {"heartbeat-expired": 1}
    assert told.counted() == {}


def test_an_objective_that_came_late_counts_once(tmp_path: Path) -> None:
    told = Told(tmp_path, make_run({"protein.state": "running"}, "crashed"))
    told.later({**told.marked, "protein.objective": 0.5}, "crashed", heartbeat_at=None)
    assert told.counted() == {"wandb-crashed": 1}
    assert told.marked["protein.state"] == "success"
    assert told.counted() == {}


def test_a_run_that_stayed_as_it_was_does_not_count(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.scene.clock.move(60 * MINUTE)
    assert told.counted() == {}


def test_an_edit_by_somebody_else_that_moves_the_heartbeat_does_not_count(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.later({**told.marked, "note": "seen"})
    assert told.counted() == {}


def test_a_success_that_was_a_success_does_not_count(tmp_path: Path) -> None:
    told = Told(tmp_path, make_run({"protein.state": "running", "protein.objective": 0.5}))
    told.later({"protein.state": "success", "protein.objective": 0.5})
    assert told.counted() == {}


def test_a_late_objective_leaves_no_trace_of_the_guess(tmp_path: Path) -> None:
    told = Told(tmp_path, make_run({"protein.state": "running", "loss": 1}, "finished"))
    assert "protein.failure_time" in told.marked
    assert told.marked["protein.error"].startswith("timeout: ended without an objective")
    told.scene.store.change(PATH, {**told.marked, "protein.objective": 0.5})
    told.scene.clock.move(60 * MINUTE)
    told.passed()
    found = told.marked
    assert found["protein.state"] == "success"
    assert not {"protein.failure_time", "protein.error"} & found.keys()
    assert found["protein.completion_time"] == "2026-03-01T10:00:00+00:00"
    assert found["protein.janitor.rule"] == "objective-late"
    assert found["protein.janitor.previous_state"] == "timeout"
    assert found["loss"] == 1
    assert told.passed().totals.clean == 1


def test_an_error_of_the_runs_own_stays_after_a_late_objective(tmp_path: Path) -> None:
    own = {"protein.state": "running", "protein.error": "disk full"}
    told = Told(tmp_path, make_run(own, "finished"))
    told.scene.store.change(PATH, {**told.marked, "protein.objective": 0.5})
    told.passed()
    assert told.marked["protein.error"] == "disk full"
