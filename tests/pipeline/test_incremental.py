"""Incremental passes: what is read, what is known, and when everything is read."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from janitor.errors import RejectedError, StateFileError
from janitor.model import ResolvedTarget, Target, TargetKind
from janitor.model.parts import Changed, Named
from janitor.pipeline.incremental import may_be_incremental
from janitor.pipeline.run_index import FILE_NAME, VERSION, RunIndex
from janitor.pipeline.settled import Settled
from janitor.records.report import Report, ReportedTarget
from tests.pipeline.incremental_world import World
from tests.support.memory_store import SWEEP
from tests.support.run_samples import DAY, HOUR, MINUTE, ago, flat, make_run


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Ten runs that are over, and one that is alive; one pass has read them."""
    world = World(tmp_path / "journals")
    world.add_done(10)
    world.add(make_run(id="alive", silent=MINUTE))
    world.run_pass()
    world.scene.clock.move(15 * MINUTE)
    world.store.asked.clear()
    return world


def target_of(report: Report) -> ReportedTarget:
    (target,) = report.targets
    return target


def why_whole(world: World, **options: object) -> str | None:
    target = target_of(world.run_pass(**options))  # type: ignore[arg-type] # of the caller
    assert target.runs_known == 0
    assert target.complete
    return target.whole_because


# ---- what is read --------------------------------------------------------------------------


def test_runs_that_are_over_are_known_and_those_that_are_open_are_read(world: World) -> None:
    report = world.run_pass()
    target = target_of(report)
    assert (target.runs_known, target.runs_seen, target.runs_expected) == (10, 11, 11)
    assert target.complete
    assert (report.totals.clean, report.totals.held, report.totals.runs) == (10, 1, 11)
    assert report.states_before == {"running": 1, "success": 10}
    assert {type(part) for part in world.store.asked} <= {Changed, Named}


def test_a_run_that_fell_silent_is_given_up_by_an_incremental_pass(world: World) -> None:
    world.scene.clock.move(HOUR)
    report = world.run_pass()
    assert target_of(report).runs_known == 10
    assert [(change.run, change.to) for change in report.changes] == [("acme/rl/alive", "timeout")]
    again = world.run_pass()
    assert again.totals.clean + again.totals.held == 11


def test_a_known_run_that_comes_back_is_read(world: World) -> None:
    now = world.scene.clock.now()
    world.store.change(
        "acme/rl/done1", flat(), wandb_state="running", heartbeat_at=ago(MINUTE, now)
    )
    report = world.run_pass()
    assert target_of(report).runs_known == 9
    assert {held.run for held in report.held} == {"acme/rl/alive", "acme/rl/done1"}


def test_a_run_that_w_and_b_called_crashed_meanwhile_is_read_by_its_name(world: World) -> None:
    world.run_pass()
    world.scene.clock.move(HOUR)
    world.store.change("acme/rl/alive", wandb_state="crashed")
    report = world.run_pass()
    assert Named(("alive",)) in world.store.asked
    assert [change.rule for change in report.changes] == ["wandb-crashed"]


def test_new_runs_are_found(world: World) -> None:
    now = world.scene.clock.now()
    world.add(make_run(id="new", created_at=ago(MINUTE, now), heartbeat_at=None))
    target = target_of(world.run_pass())
    assert (target.runs_seen, target.runs_known, target.complete) == (12, 10, True)


def test_an_objective_that_comes_late_for_a_run_that_the_janitor_gave_up_is_found(
    world: World,
) -> None:
    world.scene.clock.move(HOUR)
    assert world.run_pass().totals.written == 1
    world.store.change("acme/rl/alive", wandb_state="crashed")
    world.scene.clock.move(2 * HOUR)
    world.run_pass()
    world.scene.clock.move(2 * HOUR)
    late = world.store.summary("acme/rl/alive") | {"protein.objective": 0.5}
    world.store.change("acme/rl/alive", late)
    report = world.run_pass()
    assert target_of(report).runs_known == 10
    assert [change.rule for change in report.changes] == ["objective-late"]


def test_runs_silent_for_longer_than_active_since_are_left_out(tmp_path: Path) -> None:
    world = World(tmp_path / "journals")
    world.store.active_since = world.scene.clock.now() - 2 * DAY
    world.add_done(10)
    world.add_done(3, created_at=ago(5 * DAY), heartbeat_at=ago(4 * DAY))
    world.run_pass()
    world.scene.clock.move(15 * MINUTE)
    # The runs of the memory store are listed whole by a full pass; the index knows 13 of them.
    report = world.run_pass()
    assert (target_of(report).runs_known, target_of(report).left_out) == (10, 3)
    world.store.active_since = world.scene.clock.now() - HOUR
    report = world.run_pass()
    assert (target_of(report).runs_known, target_of(report).left_out) == (0, 13)


# ---- when everything is read ---------------------------------------------------------------


def test_everything_is_read_once_full_every_has_passed(world: World) -> None:
    world.scene.clock.move(DAY)
    assert why_whole(world) == "the time of full_every has passed"
    world.scene.clock.move(15 * MINUTE)
    assert target_of(world.run_pass()).runs_known == 10


def test_everything_is_read_under_another_policy_or_version(world: World) -> None:
    assert "version" in str(why_whole(world, version="2"))


def test_everything_is_read_after_the_servers_clock_was_set_back(world: World) -> None:
    world.scene.clock.move(-2 * HOUR)
    assert "clock" in str(why_whole(world))


def test_everything_is_read_if_a_known_run_was_deleted_or_an_old_one_came_in(
    world: World,
) -> None:
    world.store.remove("acme/rl/done3")
    assert "9 runs" in str(why_whole(world))
    world.add_done(1)
    assert "10 runs" in str(why_whole(world))


def test_everything_is_read_if_the_counts_do_not_add_up(world: World) -> None:
    world.store.change_counts.append(lambda counts: [counts[0], counts[1] - 1, *counts[2:]])
    assert "do not add up" in str(why_whole(world))


def test_everything_is_read_if_the_server_refuses_the_filter(world: World) -> None:
    def refuse(_: list[int]) -> list[int]:
        raise RejectedError("unknown operator $nin")

    world.store.change_counts.append(refuse)
    assert "unknown operator $nin" in str(why_whole(world))


def test_a_server_that_ignores_the_filter_is_read_as_a_whole(world: World) -> None:
    world.store.change_counts.append(lambda counts: [counts[2]] * 3 + [0])
    assert "do not add up" in str(why_whole(world))


def test_a_small_target_is_always_read_as_a_whole(world: World) -> None:
    assert why_whole(world, page_size=4) is None
    assert not world.store.counted


def test_sweeps_and_groups_of_one_project_may_share_runs() -> None:
    group = Target(TargetKind.GROUP, "acme", "rl", "g")
    other = Target(TargetKind.SWEEP, "acme", "other", "s9")
    several = [ResolvedTarget(each, "name") for each in (SWEEP, group, other)]
    assert may_be_incremental(several) == {other}
    assert may_be_incremental(several[::2]) == {SWEEP, other}


# ---- the index -----------------------------------------------------------------------------


def test_a_dry_run_uses_the_index_and_leaves_it_as_it_is(world: World) -> None:
    path = world.folder / FILE_NAME
    before = path.read_bytes()
    assert target_of(world.run_pass(dry_run=True)).runs_known == 10
    assert path.read_bytes() == before


def test_a_dry_run_without_an_index_makes_none(tmp_path: Path) -> None:
    world = World(tmp_path / "journals")
    world.add_done(10)
    world.run_pass(dry_run=True)
    assert not (world.folder / FILE_NAME).exists()


@pytest.mark.parametrize("table", ["target", "bucket"])
def test_a_damaged_index_is_not_believed(world: World, table: str) -> None:
    column = {"target": "entry", "bucket": "runs"}[table]
    with sqlite3.connect(world.folder / FILE_NAME) as database:
        (found,) = database.execute(f"SELECT {column} FROM {table}").fetchone()
        changed = found.replace("alive", "alixe") if table == "target" else b"\0" + found[1:]
        database.execute(f"UPDATE {table} SET {column} = ?", (changed,))
    assert "damaged" in str(why_whole(world))
    world.scene.clock.move(15 * MINUTE)
    assert target_of(world.run_pass()).runs_known == 10


def test_a_lost_bucket_is_noticed(world: World) -> None:
    with sqlite3.connect(world.folder / FILE_NAME) as database:
        database.execute("DELETE FROM bucket")
    assert why_whole(world) is not None


def test_a_file_that_is_no_index_is_replaced(world: World) -> None:
    (world.folder / FILE_NAME).write_bytes(b"not a database" * 1000)
    assert why_whole(world) is None
    world.scene.clock.move(15 * MINUTE)
    assert target_of(world.run_pass()).runs_known == 10


def test_an_index_of_a_later_version_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    RunIndex(path, read_only=False).close()
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(StateFileError, match="later version"):
            RunIndex(path, read_only=read_only)
    assert path.read_bytes() == before


def test_the_index_is_for_the_user_alone(world: World) -> None:
    assert (world.folder / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_another_pass_that_learned_meanwhile_is_not_overwritten(world: World) -> None:
    index = RunIndex(world.folder / FILE_NAME, read_only=False)
    key = f"https://wandb.test sweep {SWEEP}"
    known = index.entry(key)
    assert known is not None
    index.update(key, known, known, set(), Settled())
    once = index.entry(key)
    index.update(key, known, known, set(), Settled.of([(1, 1, 1)]))
    assert index.entry(key) == once
    index.close()


def test_a_known_run_takes_13_bytes(tmp_path: Path) -> None:
    world = World(tmp_path / "journals", full_every=timedelta(days=365))
    world.add_done(300)
    world.run_pass()
    for _ in range(3):
        world.scene.clock.move(15 * MINUTE)
        assert target_of(world.run_pass()).runs_known == 300
    with sqlite3.connect(world.folder / FILE_NAME) as database:
        ((size,),) = database.execute("SELECT sum(length(runs)) FROM bucket").fetchall()
    assert size == 13 * 300
