from __future__ import annotations

import threading

from janitor.lifecycle import RobustSweepStateManager, SweepRunState
from janitor.lifecycle.heartbeat import Pace, beating
from tests.lifecycle.lifecycle_runs import FakeRun, FakeTime, manage


def test_a_hot_loop_writes_once_an_interval(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("running")
    run.summary.updates.clear()
    for _ in range(1000):
        time.pass_by(0.1)
        manager.heartbeat()
    assert len(run.summary.updates) == 3


def test_a_heartbeat_writes_its_time_and_the_latest_progress(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("evaluating")
    manager.heartbeat(progress=0.1)
    now = time.pass_by(31)
    manager.heartbeat(progress=0.2)
    protein = run.protein()
    assert protein["heartbeat"] == protein["last_update"] == now
    assert protein["progress"] == 0.2
    assert protein["runtime_seconds"] == 31
    assert protein["state"] == "evaluating"


def test_a_heartbeat_invents_no_state(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).heartbeat()
    assert run.protein().keys() == {"heartbeat", "last_update", "runtime_seconds"}


def test_a_run_that_has_ended_does_not_beat(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("success")
    before = dict(run.summary)
    time.pass_by(100)
    manager.heartbeat()
    assert run.summary == before


def test_a_beating_run_that_the_janitor_gave_up_on_comes_back(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("evaluating")
    run.summary.update({"protein.state": "timeout", "protein.janitor.state": "timeout"})
    time.pass_by(31)
    manager.heartbeat()
    assert manager.state is SweepRunState.EVALUATING
    assert "protein.janitor.state" not in run.summary


def test_after_failures_heartbeats_are_tried_less_and_less_often() -> None:
    pace = Pace(30)
    dues = []
    for _ in range(8):
        pace.failed(0)
        dues.append(pace.due)
    assert dues == [0, 1, 2, 4, 8, 16, 30, 30]
    pace.wrote(0)
    assert pace.due == 30
    pace.failed(40)
    assert pace.due == 40


def test_a_failing_write_does_not_slow_the_loop_down(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("running")
    run.summary.failures = [OSError("down")] * 1000
    for _ in range(600):
        time.pass_by(0.1)
        manager.heartbeat()
    assert 1000 - len(run.summary.failures) <= 7


def test_a_thread_beats_while_a_long_call_runs_and_stops_with_it() -> None:
    beats = threading.Semaphore(0)
    with beating(beats.release, 0):
        for _ in range(3):
            assert beats.acquire(timeout=10)
    assert not [each for each in threading.enumerate() if each.name == "janitor-heartbeat"]


def test_beating_beats_the_run(run: FakeRun) -> None:
    manager = RobustSweepStateManager(run, heartbeat_interval=0)
    manager.set_state("evaluating")
    first = run.protein()["heartbeat"]
    changed = threading.Event()
    write = run.summary.update

    def update(values: dict[str, object]) -> None:
        write(values)
        changed.set()

    run.summary.update = update  # type: ignore[method-assign] # a fake of a fake
    with manager.beating():
        assert changed.wait(10)
    assert run.protein()["heartbeat"] > first


def test_silence_is_a_timeout(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("running")
    time.pass_by(30 * 60)
    assert not manager.check_timeout()
    time.pass_by(1)
    assert manager.check_timeout()


def test_the_stored_heartbeat_counts_for_every_reader(run: FakeRun, time: FakeTime) -> None:
    training, watching = (
        manage(run, time, timeout_minutes=60),
        manage(run, time, timeout_minutes=60),
    )
    training.set_state("running")
    time.pass_by(50 * 60)
    training.heartbeat()
    time.pass_by(50 * 60)
    assert not watching.check_timeout()
    time.pass_by(11 * 60)
    assert watching.check_timeout()
    assert training.check_timeout()


def test_a_run_that_has_ended_is_never_overdue(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("success")
    time.pass_by(1e6)
    assert not manager.check_timeout()


def test_without_a_heartbeat_the_beginning_counts(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    assert not manager.check_timeout()
    time.pass_by(31 * 60)
    assert manager.check_timeout()
