"""What keeps a pass from its writes: guards, interruptions, the journal, a plan's review."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from janitor.config.table import BrakeLimits, StandDownLimits
from janitor.errors import PlanError
from janitor.model import Outcome, RunInfo
from janitor.pipeline.context import Guards
from janitor.pipeline.fix import apply, fix
from janitor.pipeline.history import Past, PastWrite
from janitor.records.report import Brake, Report, Totals
from tests.support.memory_store import SWEEP, once
from tests.support.passes import KINDS, PATH, FullDisk, Scene
from tests.support.run_samples import HOUR, MINUTE, NOW, SECOND, ago, flat, make_run, nested


def active(count: int) -> list[RunInfo]:
    """So many silent runs that W&B calls running, an hour between the ends of each two."""
    return [make_run(id=f"r{number:03}", silent=HOUR * (1 + number)) for number in range(count)]


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
    report = fix([SWEEP], scene.work(scene.writer(FullDisk(scene, 0))))
    assert scene.store.writes == []
    assert report.totals.written == 0
    (error,) = report.errors
    assert error.message.startswith("nothing more was written: the journal cannot be kept")


def test_a_return_that_cannot_be_journaled_stops_the_writes(scene: Scene) -> None:
    scene.store.add(make_run(silent=MINUTE), make_run(id="r2"))
    past = Past({PATH: PastWrite("heartbeat-expired", NOW - HOUR, HOUR)})
    report = fix([SWEEP], scene.work(scene.writer(FullDisk(scene, 0)), past=past))
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


def test_the_brake_counts_no_change_that_planning_holds(scene: Scene) -> None:
    scene.store.add(make_run(nested(janitor="mine")), make_run(id="r2"))
    scene.guards = Guards(brake=BrakeLimits(max_changes=1))
    report = scene.fix()
    assert report.brake == Brake(tripped=False)
    assert (report.totals.held, report.totals.written) == (1, 1)


def test_a_plan_that_names_a_run_twice_is_refused_before_anything_is_written(
    scene: Scene,
) -> None:
    scene.store.add(make_run())
    plan = scene.fix(dry_run=True)
    twice = plan.model_copy(update={"changes": plan.changes * 2})
    with pytest.raises(PlanError, match="contains the run acme/rl/r1 2 times"):
        applied(scene, twice)
    assert scene.store.writes == []
