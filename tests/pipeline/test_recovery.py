"""A pass that was killed right after a write: the next one completes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from janitor.errors import RejectedError
from janitor.model import summary as summaries
from janitor.pipeline import journal_writer
from janitor.pipeline.edits import Edits
from janitor.pipeline.history import Past
from janitor.pipeline.undo import restorations, undo
from janitor.records.journal import journals
from janitor.records.report import Report
from janitor.runtime.processes import ProcessIdentity, this_process
from tests.experiments.samples import dead_process, of_another_host
from tests.support.memory_store import SWEEP, once
from tests.support.passes import PATH, Scene, outcomes
from tests.support.run_samples import DAY, HOUR, MINUTE, NOW, SECOND, ago, flat, make_run, nested

FORMS = [flat, nested]
LAST_LOG = (NOW - 2 * HOUR).timestamp()


def before(make: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return make() | {"loss": 0.5, "bound": float("inf"), "_timestamp": LAST_LOG}


def final(make: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """What the run's own process sends when it ends."""
    return make(objective=3) | {"loss": 0.1, "acc": 0.9, "_timestamp": LAST_LOG + 7000}


def ends(scene: Scene, own: Mapping[str, Any]) -> None:
    """The run's own process logs, ends, and uploads its last summary."""
    late = ago(-SECOND)
    scene.store.change(PATH, own, wandb_state="finished", history_lines=11, heartbeat_at=late)
    scene.store.uploads[PATH] = (dict(own), late)
    scene.store.last_rows[PATH] = {"_timestamp": own["_timestamp"]}


def killed(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[..., dict[str, Any]] = flat,
    own: Mapping[str, Any] | None = None,
    by: ProcessIdentity | None = None,
    *,
    sent: bool = True,
) -> None:
    """A pass reads the silent run, which then ends; it writes, and is killed with that."""
    scene.store.add(make_run(before(make)))
    fresh = scene.store.run(PATH)
    (proposal,) = scene.proposals(fresh)
    edits = proposal.edits(fresh, scene.clock.now())
    assert isinstance(edits, Edits)
    with monkeypatch.context() as patched:
        patched.setattr(journal_writer, "this_process", lambda: by or dead_process())
        scene.journal().intend(fresh, edits, edits.before(fresh.summary), scene.clock.now())
    ends(scene, final(make) if own is None else own)
    if sent:
        scene.store.update_run_summary(fresh, edits.applied(fresh.summary))


def next_pass(scene: Scene, **more: Any) -> Report:
    past = Past()
    past.add_journals(journals(scene.folder))
    return scene.fix(past=past, **more)


def warnings(report: Report) -> list[str]:
    return [warning.message for warning in report.warnings if "left a write" in warning.message]


@pytest.mark.parametrize("make", FORMS)
def test_what_the_write_had_covered_is_put_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    killed(scene, monkeypatch, make)
    (left_open,) = journals(scene.folder)
    assert scene.store.summary(PATH)["loss"] == 0.5
    (said,) = warnings(next_pass(scene))
    assert scene.store.summary(PATH) == final(make) | {"bound": float("inf")}
    assert said.startswith(f"{left_open.name} left a write to it open: its own process was at work")
    assert "put back: _timestamp, acc, loss" in said
    writes = len(scene.store.writes)
    scene.clock.move(HOUR)
    assert warnings(next_pass(scene)) == []
    assert len(scene.store.writes) == writes + 1
    assert str(scene.store.summary(PATH)).count("success") > 0


@pytest.mark.parametrize("make", FORMS)
def test_an_undo_keeps_what_was_put_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    killed(scene, monkeypatch, make)
    next_pass(scene)
    given_back = scene.store.summary(PATH)
    for file in journals(scene.folder):
        wanted, _ = restorations(file)
        journal = scene.journal("undo")
        undo(wanted, scene.work(scene.writer(journal)))
        journal.close()
    assert scene.store.summary(PATH) == given_back


@pytest.mark.parametrize(
    ("by", "later", "is_seen_through"),
    [
        (this_process(), MINUTE, False),
        (this_process(), 16 * MINUTE, False),
        (of_another_host(), 14 * MINUTE, False),
        (of_another_host(), 16 * MINUTE, True),
        (dead_process(), timedelta(0), True),
        (dead_process(), 23 * HOUR, True),
        (dead_process(), DAY + MINUTE, False),
    ],
)
def test_a_pass_that_may_be_at_work_sees_its_own_writes_through(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    by: ProcessIdentity,
    later: timedelta,
    is_seen_through: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    killed(scene, monkeypatch, by=by)
    scene.clock.move(later)
    next_pass(scene)
    assert (scene.store.summary(PATH)["loss"] == 0.1) is is_seen_through


def test_a_write_that_never_came_through_covered_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(scene, monkeypatch, sent=False)
    scene.clock.move(16 * MINUTE)
    assert warnings(next_pass(scene)) == []
    assert scene.store.summary(PATH).items() >= {"loss": 0.1, "acc": 0.9}.items()
    assert scene.journaled().looked_after == (PATH,)


@pytest.mark.parametrize("changed", [{"loss": 7}, {"note": "by hand"}])
def test_what_somebody_wrote_since_is_theirs(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    killed(scene, monkeypatch)
    by_hand = scene.store.summary(PATH) | changed
    scene.store.change(PATH, by_hand)
    next_pass(scene)
    assert scene.store.summary(PATH) == by_hand


def test_a_run_that_lay_still_is_left_as_it_was_written(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(scene, monkeypatch)
    run = make_run(before(flat))
    scene.store.change(
        PATH,
        wandb_state="running",
        history_lines=run.history_lines,
        heartbeat_at=run.heartbeat_at,
    )
    written = scene.store.summary(PATH)
    scene.clock.move(16 * MINUTE)
    assert warnings(next_pass(scene)) == []
    assert scene.store.summary(PATH) == written
    assert scene.journaled().looked_after == (PATH,)


class Unreadable(dict[str, Any]):
    """Uploads that cannot be had just now."""

    def get(self, *_: Any) -> Any:
        raise RejectedError("the wandb-summary.json cannot be read")


def test_it_is_tried_again_where_what_was_uploaded_cannot_be_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(scene, monkeypatch)
    uploads, scene.store.uploads = scene.store.uploads, Unreadable()
    (said,) = warnings(next_pass(scene))
    assert "what it uploaded cannot be read" in said
    scene.store.uploads = uploads
    next_pass(scene)
    assert scene.store.summary(PATH)["loss"] == 0.1


def test_a_pass_that_ended_leaves_what_failed_to_the_next(scene: Scene) -> None:
    run = make_run(before(flat))
    scene.store.add(run)
    scene.store.uploads = Unreadable()
    scene.store.before_write.append(once(lambda _: ends(scene, final(flat))))
    assert outcomes(scene.repair(run)) == ["failed"]
    scene.store.uploads = dict(scene.store.uploads)
    next_pass(scene)
    assert scene.store.summary(PATH)["loss"] == 0.1


def test_a_pass_killed_while_it_gave_back_is_seen_through_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(scene, monkeypatch)

    def die(_: str) -> None:
        raise KeyboardInterrupt

    scene.store.before_write.append(die)
    with monkeypatch.context() as patched:
        patched.setattr(journal_writer, "this_process", dead_process)
        with pytest.raises(KeyboardInterrupt):
            next_pass(scene)
    scene.store.before_write.clear()
    assert scene.store.summary(PATH)["loss"] == 0.5
    next_pass(scene)
    assert scene.store.summary(PATH) == final(flat) | {"bound": float("inf")}


def test_a_dry_run_writes_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    killed(scene, monkeypatch)
    files = journals(scene.folder)
    next_pass(scene, dry_run=True)
    assert scene.store.summary(PATH)["loss"] == 0.5
    assert journals(scene.folder) == files


def test_runs_that_the_pass_was_not_pointed_at_are_left(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(scene, monkeypatch)
    scene.store.change(PATH, sweep="s2")
    next_pass(scene)
    assert scene.store.summary(PATH)["loss"] == 0.5


def test_a_journal_of_an_earlier_janitor_leaves_nothing_to_see_through(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(summaries, "digest", lambda _: None)
        killed(scene, monkeypatch)
    assert warnings(next_pass(scene)) == []
    assert scene.store.summary(PATH)["loss"] == 0.5


def test_a_run_that_cannot_be_read_is_looked_after_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(scene, monkeypatch)
    scene.store.refuses_reads = RejectedError("no")
    next_pass(scene)
    scene.store.refuses_reads = None
    assert scene.store.fetch_runs(SWEEP).runs
    next_pass(scene)
    assert scene.store.summary(PATH)["loss"] == 0.1
