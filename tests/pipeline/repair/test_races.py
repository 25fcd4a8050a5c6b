"""The race that remains: a run's own process at work between our read and our write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from janitor.errors import RejectedError, TransientError
from janitor.model import Outcome
from janitor.pipeline.undo import restorations, undo
from tests.support.memory_store import failing, once
from tests.support.passes import PATH, Scene, journaled_outcomes, only
from tests.support.run_samples import HOUR, MINUTE, NOW, SECOND, ago, flat, make_run, nested

LATE = ago(-SECOND)
LAST_LOG = (NOW - 2 * HOUR).timestamp()
"""When the run had last logged before we read it."""


def before(make: Callable[..., dict[str, Any]], **more: Any) -> dict[str, Any]:
    return make(**more) | {"loss": 0.5, "_timestamp": LAST_LOG}


def ends_in_the_window(
    scene: Scene, own: Mapping[str, Any], uploaded_at: Any = LATE, state: str = "finished"
) -> None:
    """Right before our write is applied, the process sends its last summary and uploads it."""

    def end(path: str) -> None:
        scene.store.change(path, own, wandb_state=state, history_lines=11, heartbeat_at=LATE)
        scene.store.uploads[path] = (dict(own), uploaded_at)
        scene.store.last_rows[path] = {"loss": own["loss"], "_timestamp": own["_timestamp"]}

    scene.store.before_write.append(once(end))


def undone(scene: Scene) -> None:
    wanted, _ = restorations(scene.journaled().path)
    journal = scene.journal("undo")
    undo(wanted, scene.work(scene.writer(journal)))
    journal.close()


# ---- what is put back -----------------------------------------------------------------------


@pytest.mark.parametrize("make", [flat, nested])
def test_the_last_metrics_of_a_run_that_ended_are_put_back(scene: Scene, make: Any) -> None:
    run = make_run(before(make))
    scene.store.add(run)
    own = before(make) | {"loss": 0.1, "acc": 0.9, "_timestamp": LAST_LOG + 7000}
    ends_in_the_window(scene, own)
    result = only(scene.repair(run))
    assert result.outcome is Outcome.SUPERSEDED
    assert str(result.error).startswith(
        "its own process was at work meanwhile; put back: _timestamp, acc, loss; held now: alive"
    )
    assert scene.store.summary(PATH) == own
    assert journaled_outcomes(scene) == ["written", "superseded"]


@pytest.mark.parametrize("make", [flat, nested])
def test_a_run_that_ended_itself_keeps_its_own_state(scene: Scene, make: Any) -> None:
    run = make_run(before(make))
    scene.store.add(run)
    own = before(make, objective=3) | {"_timestamp": LAST_LOG + 7000}
    own = own | ({"protein.state": "success"} if make is flat else {})
    if make is nested:
        own["protein"] = own["protein"] | {"state": "success"}
    ends_in_the_window(scene, own)
    result = only(scene.repair(run))
    assert (result.outcome, result.state) == (Outcome.SUPERSEDED, "success")
    assert scene.store.summary(PATH) == own


@pytest.mark.parametrize("make", [flat, nested])
def test_a_run_that_is_judged_as_before_is_written_with_its_last_metrics(
    scene: Scene, make: Any
) -> None:
    run = make_run(before(make, objective=1), silent=HOUR)
    scene.store.add(run)
    own = before(make, objective=1) | {"loss": 0.1}
    ends_in_the_window(scene, own)
    result = only(scene.repair(run))
    assert (result.outcome, result.error) == (
        Outcome.WRITTEN,
        "its own process was at work meanwhile; put back: loss",
    )
    summary = scene.store.summary(PATH)
    assert summary["loss"] == 0.1
    assert result.attempt is not None
    assert result.attempt.edits.stand_in(summary)
    assert journaled_outcomes(scene) == ["written", "written"]


@pytest.mark.parametrize("make", [flat, nested])
@pytest.mark.parametrize("moved", [timedelta(0), MINUTE])
def test_undo_after_such_a_race_keeps_what_was_put_back(
    scene: Scene, make: Any, moved: timedelta
) -> None:
    run = make_run(before(make, objective=1), silent=HOUR)
    scene.store.add(run)
    own = before(make, objective=1) | {"loss": 0.1, "extra": [1]}
    ends_in_the_window(scene, own)
    scene.store.after_write.append(once(lambda _: scene.clock.move(moved)))
    scene.repair(run)
    undone(scene)
    assert scene.store.summary(PATH) == own


def test_undo_has_nothing_to_do_where_the_run_was_given_back_whole(scene: Scene) -> None:
    run = make_run(before(flat))
    scene.store.add(run)
    own = before(flat) | {"loss": 0.1, "_timestamp": LAST_LOG + 7000}
    ends_in_the_window(scene, own)
    scene.repair(run)
    writes = len(scene.store.writes)
    undone(scene)
    assert scene.store.summary(PATH) == own
    assert len(scene.store.writes) == writes


def test_an_answer_lost_while_putting_back_is_found_by_the_read_back(scene: Scene) -> None:
    run = make_run(before(flat, objective=1), silent=HOUR)
    scene.store.add(run)
    ends_in_the_window(scene, before(flat, objective=1) | {"loss": 0.1})
    second = [failing(TransientError("reset"))]
    scene.store.after_write.append(
        lambda path: second.pop()(path) if len(scene.store.writes) == 2 else None
    )
    result = only(scene.repair(run))
    assert (result.outcome, scene.store.summary(PATH)["loss"]) == (Outcome.WRITTEN, 0.1)


# ---- what cannot be put back ----------------------------------------------------------------


@pytest.mark.parametrize("error", [TransientError("503"), RejectedError("no")])
def test_what_cannot_be_put_back_is_named_and_failed(scene: Scene, error: Any) -> None:
    run = make_run(before(flat, objective=1), silent=HOUR)
    scene.store.add(run)
    ends_in_the_window(scene, before(flat, objective=1) | {"loss": 0.1, "acc": 1})
    scene.store.before_write.append(
        lambda _: failing(error)("") if len(scene.store.writes) == 1 else None
    )
    result = only(scene.repair(run))
    assert result.outcome is Outcome.FAILED
    assert result.error == f"covered keys could not be put back: acc, loss ({error})"
    write = scene.journaled().writes[-1]
    assert (write.outcome, write.put_back) == ("failed", {"acc": 1, "loss": 0.1, **_marks(write)})


def _marks(write: Any) -> dict[str, Any]:
    """Those of our own keys that the second write sets again."""
    return {key: value for key, value in write.put_back.items() if key.startswith("protein.")}


def test_undo_after_a_failed_putting_back_takes_back_the_first_write(scene: Scene) -> None:
    run = make_run(before(flat, objective=1), silent=HOUR)
    scene.store.add(run)
    ends_in_the_window(scene, before(flat, objective=1) | {"loss": 0.1})
    scene.store.before_write.append(
        lambda _: failing(RejectedError("no"))("") if len(scene.store.writes) == 1 else None
    )
    scene.repair(run)
    scene.store.before_write.clear()
    undone(scene)
    assert scene.store.summary(PATH) == before(flat, objective=1)


def test_a_run_that_logged_and_lives_on_is_reported_as_failed(scene: Scene) -> None:
    run = make_run(before(flat))
    scene.store.add(run)
    scene.store.before_write.append(
        once(lambda path: scene.store.change(path, before(flat) | {"loss": 0}, history_lines=11))
    )
    result = only(scene.repair(run))
    assert result.outcome is Outcome.FAILED
    assert "may be covered until it logs again" in str(result.error)


def test_an_uploaded_summary_that_cannot_be_read_is_reported(scene: Scene) -> None:
    class Unreadable(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            raise RejectedError("the wandb-summary.json cannot be read")

    run = make_run(before(flat))
    scene.store.add(run)
    ends_in_the_window(scene, before(flat) | {"loss": 0})
    scene.store.uploads = Unreadable()
    result = only(scene.repair(run))
    assert result.outcome is Outcome.FAILED
    assert "cannot be read" in str(result.error)


@pytest.mark.parametrize("in_the_way", [7, "text", None])
def test_what_the_process_put_in_the_way_is_kept(scene: Scene, in_the_way: Any) -> None:
    run = make_run(before(nested, objective=1), silent=HOUR)
    scene.store.add(run)
    own = before(nested, objective=1, janitor=in_the_way) | {"loss": 0.1}
    ends_in_the_window(scene, own)
    result = only(scene.repair(run))
    assert result.outcome is Outcome.SUPERSEDED
    assert scene.store.summary(PATH) == own


# ---- what is not taken for the run's last summary -------------------------------------------


@pytest.mark.parametrize(
    ("own", "uploaded_at"),
    [
        ({"_timestamp": LAST_LOG + 1}, ago(MINUTE + SECOND)),
        ({"_timestamp": LAST_LOG - 1}, LATE),
        ({"_timestamp": LAST_LOG - 1}, None),
        ({"_timestamp": None}, None),
        ({}, "soon"),
    ],
)
def test_a_file_of_an_earlier_life_is_ignored(
    scene: Scene, own: dict[str, Any], uploaded_at: Any
) -> None:
    run = make_run(before(flat))
    scene.store.add(run)
    scene.store.uploads[PATH] = (flat() | {"loss": 99} | own, uploaded_at)
    scene.store.before_write.append(once(lambda path: scene.store.change(path, history_lines=11)))
    result = only(scene.repair(run))
    assert result.outcome is Outcome.FAILED
    assert scene.store.summary(PATH)["loss"] == 0.5
    assert len(scene.store.writes) == 1


def test_a_process_that_writes_after_us_supersedes_us(scene: Scene) -> None:
    run = make_run(before(flat))
    scene.store.add(run)
    own = before(flat) | {"loss": 0.1}
    scene.store.after_write.append(
        lambda path: scene.store.change(path, own, heartbeat_at=LATE, history_lines=11)
    )
    result = only(scene.repair(run))
    assert (result.outcome, result.error) == (
        Outcome.SUPERSEDED,
        "its own process wrote over it meanwhile",
    )
    assert scene.store.summary(PATH) == own


@pytest.mark.parametrize("wandb", ["failed", "killed"])
def test_the_heartbeat_of_a_run_that_ended_is_not_a_sign_of_life(scene: Scene, wandb: str) -> None:
    run = make_run(before(flat), wandb)
    scene.store.add(run)
    scene.store.write_moves_heartbeat = LATE
    scene.store.uploads[PATH] = (before(flat) | {"loss": 0.1}, ago(MINUTE))
    assert only(scene.repair(run)).outcome is Outcome.WRITTEN
    assert scene.store.summary(PATH)["loss"] == 0.5
