"""One pass from its beginning to its end, over a store in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from janitor.errors import PermissionDeniedError, PlanError, RejectedError
from janitor.guards import BrakeLimits, StandDownLimits
from janitor.model import Outcome, RunInfo, Target, TargetKind
from janitor.past import Past, PastWrite
from janitor.pipeline import Guards, apply, fix
from janitor.report.schema import Brake, Report, Totals
from tests.memory_store import SWEEP, once
from tests.passes import PATH, FullDisk, Scene
from tests.run_samples import HOUR, MINUTE, NOW, SECOND, ago, flat, make_run, nested

KINDS = (
    make_run(flat(objective=1), "finished", id="done"),
    make_run(nested(), id="silent"),
    make_run(flat("evaluating"), "failed", id="failed"),
    make_run(id="alive", silent=MINUTE),
    make_run(flat(7), id="odd"),
    make_run(flat("success"), id="clean"),
    make_run({"loss": 1}, id="foreign"),
)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "journals")


def active(count: int) -> list[RunInfo]:
    """So many silent runs that W&B calls running, an hour between the ends of each two."""
    return [make_run(id=f"r{number:03}", silent=HOUR * (1 + number)) for number in range(count)]


# ---- a pass ---------------------------------------------------------------------------------


def test_a_pass_repairs_what_it_can_prove_and_tells_of_every_run(scene: Scene) -> None:
    scene.store.add(*KINDS)
    report = scene.fix()
    assert report.totals == Totals(runs=7, untracked=1, clean=1, held=2, written=3)
    assert {change.run[8:]: (change.from_, change.to) for change in report.changes} == {
        "done": ("running", "success"),
        "silent": ("running", "timeout"),
        "failed": ("evaluating", "failure"),
    }
    assert report.states_before == {"evaluating": 1, "running": 3, "success": 1, "unknown": 1}
    assert report.states_after == {
        "failure": 1,
        "running": 1,
        "success": 2,
        "timeout": 1,
        "unknown": 1,
    }
    assert {held.run[8:]: held.rule for held in report.held} == {"alive": "none", "odd": "none"}
    assert report.targets[0].complete
    assert (report.errors, report.interrupted) == ((), None)
    assert (scene.watcher.total, scene.watcher.done) == (3, 3)


def test_a_second_pass_right_after_the_first_writes_nothing(scene: Scene) -> None:
    scene.store.add(*KINDS)
    scene.fix()
    writes = list(scene.store.writes)
    report = scene.fix()
    assert scene.store.writes == writes
    assert report.totals == Totals(runs=7, untracked=1, clean=4, held=2)


def test_a_dry_run_shows_the_same_plan_and_writes_nothing(scene: Scene) -> None:
    scene.store.add(*KINDS)
    planned = scene.fix(dry_run=True)
    assert (scene.store.writes, scene.store.reads) == ([], [])
    assert not scene.folder.exists()
    assert planned.totals == Totals(runs=7, untracked=1, clean=1, held=2, planned=3)
    assert planned.states_after == planned.states_before
    written = scene.fix()
    alike = {"outcome": Outcome.PLANNED}
    assert [change.model_copy(update=alike) for change in written.changes] == [*planned.changes]


def test_the_report_tells_what_was_written_key_by_key(scene: Scene) -> None:
    scene.store.add(make_run(nested(error=None)))
    (change,) = scene.fix().changes
    assert change.before == {"protein.state": "running", "protein.error": None}
    assert change.after["protein.state"] == "timeout"
    assert change.after["protein.janitor.rule"] == "heartbeat-expired"
    assert change.url == f"https://wandb.test/{PATH}"


def test_what_stands_in_the_way_holds_the_run(scene: Scene) -> None:
    scene.store.add(make_run(nested(janitor="mine")), make_run(id="r2"))
    report = scene.fix()
    (held,) = report.held
    assert "nothing can be written: 'janitor' is in use" in held.reason
    assert report.totals.written == 1


def test_times_that_cannot_be_read_are_warned_of(scene: Scene) -> None:
    scene.store.add(make_run(flat(heartbeat="soon"), silent=MINUTE))
    (warning,) = scene.fix().warnings
    assert (warning.run, warning.message) == (
        PATH,
        "protein.heartbeat cannot be read as a time: 'soon'",
    )


def test_rows_and_runs_that_are_missing_are_told(scene: Scene) -> None:
    scene.store.add(*active(3))
    scene.store.change_page.append(
        lambda page: replace(page, runs=(page.runs[0], page.runs[0], page.runs[1]))
    )
    report = scene.fix()
    (target,) = report.targets
    assert (target.complete, target.missing, target.runs_seen) == (False, 1, 2)
    assert "only 2 of 3 runs could be read" in report.errors[0].message
    assert "listed twice" in report.warnings[0].message
    assert report.totals.written == 2


def test_an_unknown_target_is_an_error_and_the_rest_is_repaired(scene: Scene) -> None:
    scene.store.add(make_run())
    gone = replace(SWEEP, name="gone")
    report = scene.fix(gone, SWEEP)
    (error,) = report.errors
    assert error.target == "acme/rl/gone"
    assert report.totals.written == 1


def test_a_target_that_cannot_be_read_leaves_the_others_repaired(scene: Scene) -> None:
    scene.store.add(make_run(), make_run(id="r2", sweep="s2"))

    def refuse(after: str | None) -> None:
        del after
        raise PermissionDeniedError("no")

    scene.store.before_page.append(once(refuse))
    report = scene.fix(Target(TargetKind.PROJECT, "acme", "rl"))
    assert [target.complete for target in report.targets].count(False) == 1
    assert report.totals.written == 1


def test_without_any_target_there_is_a_report_of_errors_alone(scene: Scene) -> None:
    report = scene.fix(replace(SWEEP, name="gone"))
    assert (report.targets, report.totals, len(report.errors)) == ((), Totals(), 1)


def test_a_run_of_two_targets_is_written_once_and_told_under_the_first(scene: Scene) -> None:
    scene.store.add(make_run(group="g1"), make_run(id="r2", sweep=None, group="g1"))
    group = Target(TargetKind.GROUP, "acme", "rl", "g1")
    report = scene.fix(SWEEP, group)
    assert {change.run[8:]: change.target for change in report.changes} == {
        "r1": "acme/rl/s1",
        "r2": "acme/rl/g1",
    }
    assert [target.runs_seen for target in report.targets] == [1, 2]
    assert sorted(scene.store.writes) == ["acme/rl/r1", "acme/rl/r2"]


def test_runs_that_fail_or_move_on_are_told(scene: Scene) -> None:
    scene.store.add(*KINDS)

    def meddle(path: str) -> None:
        if path.endswith("failed"):
            raise RejectedError("no")

    scene.store.before_write.append(meddle)
    scene.store.before_read.append(
        lambda path: scene.store.change(path, flat("success")) if "silent" in path else None
    )
    report = scene.fix()
    outcomes = {change.run[8:]: change.outcome.value for change in report.changes}
    assert outcomes == {"done": "written", "silent": "superseded", "failed": "failed"}
    assert report.states_after["success"] == 3
    assert report.states_after["evaluating"] == 1


def test_the_window_between_read_and_write_is_told(scene: Scene) -> None:
    scene.store.add(*KINDS)
    window = scene.fix().race_window
    assert window is not None
    assert window.writes == 3
    assert window.median_seconds is not None
    assert window.max_seconds is not None
    assert 0 <= window.median_seconds <= window.max_seconds < 60


# ---- guards ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("runs", "limits", "limit"),
    [
        (active(3), BrakeLimits(max_changes=2), "max_changes"),
        (active(1), BrakeLimits(max_changes=0), "max_changes"),
        (active(20), BrakeLimits(), "max_silent_percent"),
        (active(1), BrakeLimits(max_silent_percent=0), "max_silent_percent"),
    ],
)
def test_the_brake_holds_everything_back(
    scene: Scene, runs: Sequence[RunInfo], limits: BrakeLimits, limit: str, *, dry_run: bool
) -> None:
    scene.store.add(*runs)
    scene.guards = Guards(brake=limits)
    report = scene.fix(dry_run=dry_run)
    assert scene.store.writes == []
    assert report.totals == Totals(runs=len(runs), planned=len(runs))
    assert report.brake is not None
    assert (report.brake.tripped, report.brake.limit) == (True, limit)
    assert not report.brake.overruled


def test_who_has_looked_may_overrule_the_brake(scene: Scene) -> None:
    scene.store.add(*active(3))
    scene.guards = Guards(brake=BrakeLimits(max_changes=2), force=True)
    report = scene.fix()
    assert report.totals.written == 3
    assert report.brake is not None
    assert (report.brake.tripped, report.brake.overruled) == (True, True)


def outage() -> list[RunInfo]:
    silent = [make_run(id=f"s{number}", silent=HOUR + number * SECOND) for number in range(5)]
    crashed = make_run(id="crashed", wandb="crashed", silent=HOUR - SECOND)
    return [*silent, crashed, make_run(flat(objective=1), id="done", silent=HOUR)]


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("dry_run", [True, False])
def test_an_outage_holds_the_guesses_and_force_does_not_overrule_it(
    scene: Scene, *, force: bool, dry_run: bool
) -> None:
    scene.store.add(*outage(), make_run(id="failed", wandb="failed"))
    scene.guards = Guards(force=force)
    report = scene.fix(dry_run=dry_run)
    assert report.stand_down is not None
    assert report.stand_down.active
    assert (report.stand_down.silent, report.stand_down.open) == (7, 7)
    assert {change.run[8:] for change in report.changes} == {"done", "failed"}
    assert {held.rule for held in report.held} == {"heartbeat-expired", "wandb-crashed"}
    assert all(held.reason.startswith("stand-down: 7 of 7") for held in report.held)


def test_a_run_that_fell_silent_long_before_the_outage_is_repaired(scene: Scene) -> None:
    scene.store.add(*outage(), make_run(id="older", silent=5 * HOUR))
    assert {change.run[8:] for change in scene.fix().changes} == {"done", "older"}


def test_without_the_stand_down_the_outage_is_repaired(scene: Scene) -> None:
    scene.store.add(*outage())
    scene.guards = Guards(stand_down=StandDownLimits(enabled=False))
    assert scene.fix().totals.written == 7


def test_what_a_stand_down_holds_does_not_trip_the_brake(scene: Scene) -> None:
    scene.store.add(*(make_run(id=f"r{number}", silent=HOUR) for number in range(30)))
    report = scene.fix()
    assert report.brake is not None
    assert not report.brake.tripped
    assert report.totals.held == 30


# ---- ended before its time ------------------------------------------------------------------


def test_a_pass_that_is_interrupted_lists_what_is_left_as_planned(scene: Scene) -> None:
    runs = [make_run(wandb="failed", id=f"r{number:03}") for number in range(100)]
    scene.store.add(*runs)
    scene.store.after_write.append(once(lambda _: scene.interrupter.ask("SIGTERM")))
    report = scene.fix()
    assert report.interrupted == "SIGTERM"
    assert report.totals.written == len(scene.store.writes) <= 8
    assert report.totals.planned == 100 - report.totals.written
    assert len(scene.journaled().writes) == report.totals.written


def test_a_pass_that_is_interrupted_while_it_scans_writes_nothing(scene: Scene) -> None:
    scene.store.add(*active(6))
    scene.store.page_size = 2
    scene.store.before_page.append(lambda after: scene.interrupter.ask("SIGINT") if after else None)
    report = scene.fix()
    assert report.interrupted == "SIGINT"
    assert scene.store.writes == []
    assert not report.targets[0].complete
    assert report.totals.planned == report.totals.runs


def test_a_journal_that_cannot_be_written_is_an_error_of_the_pass(scene: Scene) -> None:
    scene.store.add(*active(3))
    report = fix([SWEEP], scene.work(scene.writer(FullDisk(0))))
    assert scene.store.writes == []
    assert report.totals.written == 0
    (error,) = report.errors
    assert error.message.startswith("no more was written, for the journal could not tell of it")


def test_a_return_that_cannot_be_journaled_stops_the_writes(scene: Scene) -> None:
    scene.store.add(make_run(silent=MINUTE), make_run(id="r2"))
    past = Past({PATH: PastWrite("heartbeat-expired", NOW - HOUR, HOUR)})
    report = fix([SWEEP], scene.work(scene.writer(FullDisk(0)), past=past))
    assert scene.store.writes == []
    assert report.totals == Totals(runs=2, held=1, planned=1)
    assert len(report.errors) == 1


# ---- plans that were reviewed ---------------------------------------------------------------


def applied(scene: Scene, plan: Report, brake: Brake | None = None) -> Report:
    journal = scene.journal("apply")
    try:
        work = scene.work(scene.writer(journal))
        return apply(plan.changes, brake or Brake(tripped=False), work)
    finally:
        journal.close()


def test_a_plan_is_carried_out_as_it_was_reviewed(scene: Scene) -> None:
    scene.store.add(*KINDS)
    plan = scene.fix(dry_run=True)
    scene.clock.move(HOUR)
    report = applied(scene, plan)
    assert (report.command, report.totals) == ("apply", Totals(runs=3, written=3))


def test_a_run_that_showed_life_since_the_review_is_left(scene: Scene) -> None:
    scene.store.add(make_run())
    plan = scene.fix(dry_run=True)
    scene.store.change(PATH, heartbeat_at=ago(HOUR))
    (change,) = applied(scene, plan).changes
    assert (change.outcome, change.error) == (
        Outcome.SUPERSEDED,
        "it showed life since the plan was made",
    )


@pytest.mark.parametrize(
    ("brake", "limits"),
    [
        (Brake(tripped=True, limit="max_silent_percent"), BrakeLimits()),
        (Brake(tripped=False), BrakeLimits(max_changes=2)),
        (Brake(tripped=False), BrakeLimits(max_changes=0)),
    ],
)
def test_the_brake_of_a_plan_holds_when_it_is_applied(
    scene: Scene, brake: Brake, limits: BrakeLimits
) -> None:
    scene.store.add(*KINDS)
    plan = scene.fix(dry_run=True)
    scene.guards = Guards(brake=limits)
    report = applied(scene, plan, brake)
    assert (scene.store.writes, report.totals.planned) == ([], 3)
    scene.guards = Guards(brake=limits, force=True)
    assert applied(scene, plan, brake).totals.written == 3


def test_a_plan_that_names_a_run_twice_is_refused_before_anything_is_written(
    scene: Scene,
) -> None:
    scene.store.add(make_run())
    plan = scene.fix(dry_run=True)
    twice = plan.model_copy(update={"changes": plan.changes * 2})
    with pytest.raises(PlanError, match="names the run acme/rl/r1 2 times"):
        applied(scene, twice)
    assert scene.store.writes == []
