"""Where a manager finds itself: ranks, threads, forks, and no run at all."""

from __future__ import annotations

import os
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from janitor.lifecycle import RobustSweepStateManager, SweepRunState
from tests.lifecycle.lifecycle_runs import FakeRun, FakeTime, manage

INITIALIZING, RUNNING, EVALUATING, SUCCESS, FAILURE, TIMEOUT, CRASHED, CANCELLED = SweepRunState


def test_other_ranks_write_nothing(
    run: FakeRun, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    with manage(run, time) as manager, manager.beating():
        manager.heartbeat()
        assert manager.state is None
        assert not manager.check_timeout()
    assert not run.summary
    manage(run, time, rank=0).set_state(RUNNING)
    assert run.protein()["state"] == "running"


def test_a_run_that_is_left_to_rank_0_is_named_once(
    run: FakeRun, time: FakeTime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SLURM_PROCID", "2")
    with manage(run, time) as manager:
        manager.heartbeat()
    assert [record.message for record in caplog.records] == [
        (
            "janitor: this process (SLURM_PROCID=2) does not report the state of run r1: rank 0"
            " reports for a run that several processes share. If only this process works on the"
            " run, pass rank=0"
        )
    ]


def test_a_rank_without_a_run_says_nothing(
    time: FakeTime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RANK", "2")
    with manage(None, time) as manager:
        manager.heartbeat()
    assert not caplog.records


def test_without_a_run_it_does_nothing_and_says_so_once(
    time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    with manage(None, time) as manager:
        for _ in range(5):
            time.pass_by(60)
            manager.heartbeat()
    assert manager.state is None
    assert [record.message for record in caplog.records] == [
        "janitor: no active wandb run; state not recorded"
    ]


def test_the_current_run_is_taken_once_there_is_one(
    run: FakeRun, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = SimpleNamespace(run=None)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    manager = RobustSweepStateManager(clock=time.clock)
    manager.set_state(INITIALIZING)
    wandb.run = run
    manager.set_state(RUNNING)
    assert run.protein()["state"] == "running"


def test_a_manager_of_the_current_run_goes_on_to_the_next_one(
    run: FakeRun, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = SimpleNamespace(run=run)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    manager = RobustSweepStateManager(clock=time.clock)
    with manager:
        manager.set_success(0.5)
    run.finish()
    wandb.run = None
    assert manager.state is SUCCESS
    wandb.run = second = FakeRun()
    with manager:
        manager.set_success(0.7)
    assert [each.protein()["objective"] for each in (run, second)] == [0.5, 0.7]
    assert second.protein()["attempts"] == 1


def test_threads_write_one_at_a_time(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time, heartbeat_interval=0)
    manager.set_state(RUNNING)

    def work(number: int) -> None:
        for step in range(50):
            manager.heartbeat(progress=step)
            values: dict[str, Any] = {f"worker_{number}": step}
            manager.set_state(RUNNING, **values)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run.protein()[f"worker_{number}"] for number in range(8)} == {49}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a POSIX matter")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_writes_nothing(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time, heartbeat_interval=0)
    manager.set_state(RUNNING)
    before = len(run.summary.updates)
    child = os.fork()
    if child == 0:
        manager.heartbeat()
        manager.set_state(FAILURE)
        manager.handle_exception(ValueError())
        os._exit(len(run.summary.updates) - before)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a POSIX matter")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_manager_made_in_a_forked_child_leaves_its_parents_run_alone(
    run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(run=run))
    child = os.fork()
    if child == 0:
        with RobustSweepStateManager(), RobustSweepStateManager(run):
            pass
        os._exit(len(run.summary.updates))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
