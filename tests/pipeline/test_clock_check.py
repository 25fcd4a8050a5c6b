"""A Date header that contradicts this machine's clock and the latest heartbeats."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from janitor.model import RunInfo
from janitor.pipeline.history import Past
from janitor.records.journal import journals
from janitor.records.report import ClockReading, Report
from tests.support.passes import Scene
from tests.support.run_samples import DAY, HOUR, MINUTE, SECOND, flat, make_run

LIVE = 5 * SECOND


def passed(folder: Path, offset: timedelta, *runs: RunInfo, source: str = "server") -> Report:
    """A pass by a server's clock that is so far ahead of this machine's."""
    scene = Scene(folder)
    scene.store.add(*runs)
    reading = ClockReading.model_validate(
        {"source": source, "offset_seconds": offset.total_seconds()}
    )
    return scene.fix(clock_reading=reading, past=Past())


def live(ahead: timedelta, count: int = 4) -> list[RunInfo]:
    """Runs whose heartbeats are this much older by the server's Date than they are."""
    return [make_run(id=f"live{number}", silent=ahead + LIVE) for number in range(count)]


def changed(report: Report) -> set[str]:
    return {change.run.rpartition("/")[2] for change in report.changes}


@pytest.mark.parametrize("ahead", [6 * MINUTE, HOUR, 25 * HOUR, 400 * DAY])
@pytest.mark.parametrize("count", [1, 4, 19, 40])
def test_no_live_run_dies_of_a_wrong_date_header(
    tmp_path: Path, count: int, ahead: timedelta
) -> None:
    report = passed(tmp_path, ahead, *live(ahead, count))
    assert changed(report) == set()
    assert report.clock is not None
    assert "which agrees with the latest heartbeats" in (report.clock.warning or "")
    if ahead > 30 * MINUTE:
        assert {each.reason.partition(":")[0] for each in report.held} == {"clock"}
    assert journals(tmp_path) == []


def test_everything_that_depends_on_the_time_is_held(tmp_path: Path) -> None:
    others = [
        make_run(wandb="crashed", id="crashed", silent=HOUR + 20 * SECOND),
        make_run(wandb="failed", id="failed", silent=HOUR + 20 * SECOND),
        make_run(flat(objective=1), id="settling", silent=HOUR + 20 * SECOND),
        make_run(flat(objective=1), "finished", id="done"),
        make_run(flat(objective="?"), "finished", id="invalid"),
    ]
    report = passed(tmp_path, HOUR, *live(HOUR), *others)
    assert changed(report) == {"done", "invalid"}


def test_a_header_that_is_behind_is_held_too(tmp_path: Path) -> None:
    report = passed(tmp_path, -HOUR, *live(-HOUR), make_run(id="silent", silent=2 * HOUR))
    assert changed(report) == set()


@pytest.mark.parametrize("offset", [timedelta(0), MINUTE, 5 * MINUTE, -5 * MINUTE])
def test_clocks_that_nearly_agree_are_right(tmp_path: Path, offset: timedelta) -> None:
    report = passed(tmp_path, offset, *live(timedelta(0)), make_run(id="silent", silent=2 * HOUR))
    assert changed(report) == {"silent"}


@pytest.mark.parametrize("offset", [2 * HOUR, -2 * HOUR, 25 * HOUR])
def test_a_machine_whose_own_clock_is_wrong_judges_by_the_server(
    tmp_path: Path, offset: timedelta
) -> None:
    report = passed(
        tmp_path, offset, *live(timedelta(0)), make_run(id="silent", silent=40 * MINUTE)
    )
    assert changed(report) == {"silent"}


def test_a_live_run_that_agrees_with_the_server_confirms_it(tmp_path: Path) -> None:
    an_hour_ago = live(HOUR, 1)  # by a machine's clock that is an hour behind, this is now
    report = passed(tmp_path, HOUR, *an_hour_ago, make_run(id="alive", silent=LIVE))
    assert changed(report) == {"live0"}


def test_one_run_that_agrees_with_the_server_does_not_outvote_the_others(tmp_path: Path) -> None:
    report = passed(tmp_path, HOUR, *live(HOUR, 4), make_run(id="same", silent=LIVE))
    assert changed(report) == set()


@pytest.mark.parametrize("word", ["preempting", "something new"])
def test_a_run_in_any_state_that_may_be_alive_is_a_clock(tmp_path: Path, word: str) -> None:
    report = passed(tmp_path, HOUR, make_run(wandb=word, id="r", silent=HOUR + LIVE))
    assert changed(report) == set()


def test_without_a_live_run_nothing_contradicts_the_server(tmp_path: Path) -> None:
    dead = [make_run(id=f"dead{number}", silent=9 * HOUR + number * HOUR) for number in range(4)]
    assert len(changed(passed(tmp_path, HOUR, *dead))) == 4


def test_a_heartbeat_of_a_run_that_ended_is_not_a_clock(tmp_path: Path) -> None:
    ended = [make_run(wandb="finished", id=f"e{number}", silent=HOUR + LIVE) for number in range(3)]
    assert len(changed(passed(tmp_path, HOUR, *ended))) == 3


def test_this_machines_own_clock_is_not_compared_with_itself(tmp_path: Path) -> None:
    report = passed(tmp_path, HOUR, *live(HOUR), source="local")
    assert len(changed(report)) == 4
