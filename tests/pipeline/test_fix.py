"""One pass from its beginning to its end, over a store in memory."""

from __future__ import annotations

from dataclasses import replace

from janitor.errors import PermissionDeniedError, RejectedError
from janitor.model import Outcome, RunInfo, Target, TargetKind
from janitor.records.report import Totals
from tests.support.memory_store import SWEEP, once
from tests.support.passes import KINDS, PATH, Scene
from tests.support.run_samples import HOUR, MINUTE, flat, make_run, nested


def active(count: int) -> list[RunInfo]:
    """So many silent runs that W&B calls running, an hour between the ends of each two."""
    return [make_run(id=f"r{number:03}", silent=HOUR * (1 + number)) for number in range(count)]


# ---- a pass ---------------------------------------------------------------------------------


def test_a_pass_repairs_what_it_can_prove_and_reports_every_run(scene: Scene) -> None:
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


def test_the_report_shows_what_was_written_key_by_key(scene: Scene) -> None:
    scene.store.add(make_run(nested(error=None)))
    (change,) = scene.fix().changes
    assert change.before == {"protein.state": "running", "protein.error": None}
    assert change.after["protein.state"] == "timeout"
    assert change.after["protein.janitor.rule"] == "heartbeat-expired"
    assert change.url == f"https://wandb.test/{PATH}"


def test_a_value_that_blocks_a_key_holds_the_run(scene: Scene) -> None:
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


def test_rows_and_runs_that_are_missing_are_reported(scene: Scene) -> None:
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


def test_a_run_of_two_targets_is_written_once_and_reported_under_the_first(scene: Scene) -> None:
    scene.store.add(make_run(group="g1"), make_run(id="r2", sweep=None, group="g1"))
    group = Target(TargetKind.GROUP, "acme", "rl", "g1")
    report = scene.fix(SWEEP, group)
    assert {change.run[8:]: change.target for change in report.changes} == {
        "r1": "acme/rl/s1",
        "r2": "acme/rl/g1",
    }
    assert [target.runs_seen for target in report.targets] == [1, 2]
    assert sorted(scene.store.writes) == ["acme/rl/r1", "acme/rl/r2"]


def test_runs_that_fail_or_move_on_are_reported(scene: Scene) -> None:
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


def test_the_window_between_read_and_write_is_reported(scene: Scene) -> None:
    scene.store.add(*KINDS)
    window = scene.fix().race_window
    assert window is not None
    assert window.writes == 3
    assert window.median_seconds is not None
    assert window.max_seconds is not None
    assert 0 <= window.median_seconds <= window.max_seconds < 60
