"""A write whose answer was lost, and that lands later: a later pass sees to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from janitor.config.table import BrakeLimits
from janitor.errors import TransientError
from janitor.model import IGNORE_TAG, RunInfo
from janitor.pipeline.context import Guards
from janitor.records.report import Report
from tests.pipeline.test_recovery import before, ends, final, killed, next_pass, warnings
from tests.support.memory_store import MemoryStore
from tests.support.passes import PATH, Scene, first_write_lost
from tests.support.run_samples import HOUR, MINUTE, flat, make_run

Land = Callable[[], None]
OWN = final(flat) | {"bound": float("inf")}
"""What the run holds where nobody wrote over it."""


def superseded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Land:
    """A pass whose write is lost on its way, while the run ends; returns what lets it land."""
    late: list[tuple[RunInfo, Mapping[str, Any]]] = []

    def lose(_: MemoryStore, run: RunInfo, summary: Mapping[str, Any]) -> None:
        late.append((run, summary))
        ends(scene, OWN)
        raise TransientError("the gateway lost patience")

    scene.store.add(make_run(before(flat)))
    with monkeypatch.context() as patched:
        patched.setattr(MemoryStore, "update_run_summary", lose)
        report = scene.fix()
    assert report.totals.superseded == 1
    return lambda: scene.store.update_run_summary(*late[0])


def states(report: Report) -> list[str]:
    return [change.to for change in report.changes]


def test_it_is_seen_through_though_its_pass_left_the_run_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    land = superseded(scene, monkeypatch)
    land()
    assert scene.store.summary(PATH)["loss"] == 0.5
    (said,) = warnings(next_pass(scene))
    assert "put back: _timestamp, acc, loss" in said
    assert scene.store.summary(PATH) == OWN
    assert states(next_pass(scene)) == ["success"]


def test_it_is_waited_for_though_a_later_pass_wrote_the_run_well(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    land = superseded(scene, monkeypatch)
    scene.clock.move(14 * MINUTE)
    assert states(next_pass(scene)) == ["success"]
    land()
    assert scene.store.summary(PATH)["loss"] == 0.5
    assert "put back" in warnings(next_pass(scene))[0]
    assert scene.store.summary(PATH) == OWN


@pytest.mark.parametrize(("later", "is_over"), [(14 * MINUTE, False), (16 * MINUTE, True)])
def test_what_has_not_landed_by_then_never_will(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    later: timedelta,
    is_over: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    superseded(scene, monkeypatch)
    scene.clock.move(later)
    next_pass(scene)
    assert (PATH in scene.journaled().looked_after) is is_over


def test_the_first_of_two_attempts_may_land_last(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both pass the same judgement, and the run's last words came in between."""
    scene.store.add(make_run(before(flat) | {"protein.objective": 1}))
    with first_write_lost(monkeypatch, lambda: ends(scene, OWN)) as late:
        assert scene.fix().totals.written == 1
    scene.store.update_run_summary(*late[0])
    assert "put back" in warnings(next_pass(scene))[0]
    assert scene.store.summary(PATH) == OWN


def test_an_attempt_that_lands_after_a_later_one_is_named_where_no_process_was_at_work(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluator's edit moves neither heartbeat nor history: nothing holds what it wrote."""
    scene.store.add(make_run(flat(objective=1), "finished"))
    with first_write_lost(monkeypatch, lambda: None) as late:
        assert scene.fix().totals.written == 1
    scene.store.change(PATH, {**scene.store.summary(PATH), "eval/score": 0.9})
    assert warnings(next_pass(scene)) == []
    scene.store.update_run_summary(*late[0])
    (said,) = warnings(next_pass(scene))
    assert "arrived after a later one" in said
    assert warnings(next_pass(scene)) == []


def test_a_tripped_brake_holds_what_would_be_given_back_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(scene, monkeypatch)
    scene.store.add(make_run(flat(objective=1), "finished", id="other"))
    covered = scene.store.summary(PATH)
    scene.guards = Guards(brake=BrakeLimits(max_changes=0))
    assert next_pass(scene).totals.planned == 1
    assert scene.store.summary(PATH) == covered
    scene.guards = Guards(brake=BrakeLimits(max_changes=0), force=True)
    next_pass(scene)
    assert scene.store.summary(PATH)["loss"] == 0.1


def test_a_run_that_is_tagged_is_not_given_anything_back_meanwhile(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(scene, monkeypatch)
    covered = scene.store.summary(PATH)
    scene.store.change(PATH, tags=(IGNORE_TAG,))
    next_pass(scene)
    assert scene.store.summary(PATH) == covered
    scene.store.change(PATH, tags=())
    scene.clock.move(HOUR)
    next_pass(scene)
    assert scene.store.summary(PATH)["loss"] == 0.1
