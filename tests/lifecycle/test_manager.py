from __future__ import annotations

import sys
from contextlib import suppress
from enum import Enum
from types import SimpleNamespace

import numpy as np
import pytest

from janitor.lifecycle import SweepRunState
from tests.lifecycle.lifecycle_runs import FakeRun, FakeTime, manage

INITIALIZING, RUNNING, EVALUATING, SUCCESS, FAILURE, TIMEOUT, CRASHED, CANCELLED = SweepRunState


def test_an_open_state_is_a_sign_of_life(run: FakeRun, time: FakeTime) -> None:
    now = time.pass_by(12.5)
    manage(run, time).set_state(RUNNING)
    assert run.protein() == {
        "state": "running",
        "last_update": now,
        "heartbeat": now,
        "runtime_seconds": 12.5,
        "attempts": 1,
    }


def test_success_carries_its_metrics_and_its_time(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state(RUNNING)
    now = time.pass_by(60)
    manager.set_state(SUCCESS, score=0.95, train_time=120.0)
    protein = run.protein()
    assert protein["state"] == "success"
    assert (protein["score"], protein["train_time"]) == (0.95, 120.0)
    assert protein["completion_time"] == protein["last_update"] == now
    assert protein["runtime_seconds"] == 60
    assert "failure_time" not in protein


def test_a_failure_carries_its_error_and_its_time(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state(TIMEOUT, error="No heartbeat for 60 minutes")
    protein = run.protein()
    assert protein["error"] == "No heartbeat for 60 minutes"
    assert protein["failure_time"] == time.now().isoformat()
    assert "completion_time" not in protein


def test_set_success_records_the_observation(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).set_success(0.7, 12)
    assert run.protein().items() >= {"state": "success", "objective": 0.7, "cost": 12}.items()


@pytest.mark.parametrize("objective", [float("nan"), float("inf"), None, "0.7", True])
def test_no_success_without_a_finite_objective(
    run: FakeRun, time: FakeTime, objective: object
) -> None:
    manage(run, time).set_success(objective, 12)
    protein = run.protein()
    assert protein["state"] == "failure"
    assert "not a finite number" in protein["error"]


def test_set_failed_takes_a_sentence_or_an_exception(time: FakeTime) -> None:
    told, raised = FakeRun(), FakeRun()
    manage(told, time).set_failed("no data")
    manage(raised, time).set_failed(ValueError("no data"))
    assert told.protein()["error"] == "no data"
    assert raised.protein()["error"] == "ValueError: no data"


@pytest.mark.parametrize(
    ("exception", "state", "error"),
    [
        (TimeoutError("too slow"), "timeout", "TimeoutError: too slow"),
        (KeyboardInterrupt(), "cancelled", "KeyboardInterrupt"),
        (RuntimeError("CUDA: ✗"), "failure", "RuntimeError: CUDA: ✗"),
        (SystemExit(3), "failure", "SystemExit: 3"),
    ],
)
def test_exceptions_are_written_and_not_swallowed(
    run: FakeRun, time: FakeTime, exception: BaseException, state: str, error: str
) -> None:
    with pytest.raises(type(exception)), manage(run, time):
        raise exception
    protein = run.protein()
    assert (protein["state"], protein["error"]) == (state, error)
    assert protein["error_traceback"].startswith("Traceback")
    assert "raise exception" in protein["error_traceback"]


def test_a_traceback_is_cut_to_its_last_4_kb(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).handle_exception(ValueError("ü" * 5000 + "the end"))
    protein = run.protein()
    assert len(protein["error_traceback"].encode()) <= 4096
    assert protein["error_traceback"].endswith("the end\n")
    assert len(protein["error"].encode()) <= 4096 + len("ValueError: ")


def test_an_exception_that_cannot_be_read_does_no_harm(run: FakeRun, time: FakeTime) -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    manage(run, time).handle_exception(BrokenError())
    assert run.protein()["state"] == "failure"
    assert run.protein()["error"].startswith("BrokenError: ")


def test_the_block_sets_running_and_success(run: FakeRun, time: FakeTime) -> None:
    with manage(run, time) as manager:
        assert manager.state is RUNNING
    assert manager.state is SUCCESS


def test_the_block_keeps_a_terminal_state(run: FakeRun, time: FakeTime) -> None:
    with manage(run, time) as manager:
        manager.set_failed("early")
    assert manager.state is FAILURE
    assert run.protein()["error"] == "early"


def test_a_block_within_a_block_leaves_the_end_to_the_outer_one(
    run: FakeRun, time: FakeTime
) -> None:
    outer, other = manage(run, time), FakeRun()
    with outer:
        with manage(run, time), outer:
            pass
        assert run.protein()["state"] == "running"
        with suppress(ValueError), manage(run, time):
            raise ValueError("to be caught")
        assert run.protein()["state"] == "running"
        other.id = "r2"
        with manage(other, time), manage(run, time, namespace="sweep"):
            pass
        assert (other.protein()["state"], run.summary["sweep.state"]) == ("success", "success")
    assert run.protein()["state"] == "success"


def test_sys_exit_0_in_the_block_is_a_success(run: FakeRun, time: FakeTime) -> None:
    with pytest.raises(SystemExit), manage(run, time):
        sys.exit(0)
    assert run.protein()["state"] == "success"
    assert "error" not in run.protein()


def test_the_first_error_stays(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.handle_exception(ValueError("first"))
    manager.handle_exception(ValueError("second"))
    manager.set_state(FAILURE, error="third", hint="kept")
    assert run.protein()["error"] == "ValueError: first"
    assert run.protein()["hint"] == "kept"


def test_a_run_with_nested_keys_keeps_that_form(time: FakeTime) -> None:
    run = FakeRun(summary={"protein": {"state": "running", "mine": 1}, "loss": 2})
    manager = manage(run, time)
    manager.set_failed("no data")
    assert run.summary.keys() == {"protein", "loss"}
    protein = run.summary["protein"]
    assert (protein["state"], protein["error"], protein["mine"]) == ("failure", "no data", 1)
    manager.reopen()
    assert "error" not in run.summary["protein"]


def test_the_namespace_is_a_setting(run: FakeRun, time: FakeTime) -> None:
    manage(run, time, namespace="sweep").set_state(RUNNING)
    assert run.summary["sweep.state"] == "running"
    assert not run.protein()


def test_a_failing_write_is_logged_and_tried_again_with_the_next_call(
    run: FakeRun, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    manager = manage(run, time)
    run.summary.failures = [OSError("no network")]
    manager.set_state(RUNNING, score=1)
    assert not run.summary
    assert "no network" in caplog.text
    manager.heartbeat()
    assert run.protein()["state"] == "running"
    assert run.protein()["score"] == 1


def test_what_could_not_be_written_counts_as_the_state(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    run.summary.failures = [OSError("no network")]
    manager.set_state(SUCCESS)
    run.summary.failures = [OSError("no network")]
    manager.set_state(RUNNING)
    manager.heartbeat()
    assert run.protein()["state"] == "success"


def test_values_are_written_as_json_holds_them(run: FakeRun, time: FakeTime) -> None:
    class Kind(Enum):
        BEST = "best"

    scalar = SimpleNamespace(ndim=0, item=lambda: 0.5)
    manage(run, time).set_state(
        RUNNING, score=scalar, kind=Kind.BEST, at=time.now(), many={1: (scalar, 2)}
    )
    protein = run.protein()
    assert (protein["score"], protein["kind"], protein["at"]) == (
        0.5,
        "best",
        "2026-01-01T00:00:00+00:00",
    )
    assert protein["many"] == {"1": [0.5, 2]}


def test_a_value_that_cannot_be_written_does_not_hold_the_state_back(
    run: FakeRun, time: FakeTime
) -> None:
    run.summary.failures = [TypeError("Object of type set is not JSON serializable")]
    odd = SimpleNamespace(a=1)
    manage(run, time).set_state(RUNNING, odd=odd)
    assert run.protein()["state"] == "running"
    assert run.protein()["odd"] == "namespace(a=1)"


def test_a_value_that_cannot_be_read_is_never_raised_and_holds_nothing_back(
    run: FakeRun, time: FakeTime
) -> None:
    def broken() -> float:
        raise RuntimeError("CUDA is gone")

    lost = SimpleNamespace(ndim=0, item=broken)
    manage(run, time).set_success(0.5, cost=lost)
    assert (run.protein()["state"], run.protein()["objective"]) == ("success", 0.5)
    second = FakeRun()
    manage(second, time).set_success(lost)
    assert second.protein()["state"] == "failure"


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_an_array_of_one_number_is_an_objective(
    shape: tuple[int, ...], run: FakeRun, time: FakeTime
) -> None:
    manage(run, time).set_success(np.full(shape, 0.5), cost=np.arange(3))
    assert (run.protein()["state"], run.protein()["objective"]) == ("success", 0.5)
    assert list(run.protein()["cost"]) == [0, 1, 2]


def test_our_names_win_over_the_callers(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).set_state(RUNNING, heartbeat="never", last_update=None)
    assert run.protein()["heartbeat"] == time.now().isoformat()


def test_a_summary_that_cannot_be_read_is_not_a_crash(
    time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    manager = manage(SimpleNamespace(id="r1"), time)
    manager.set_state(RUNNING)
    manager.heartbeat()
    manager.handle_exception(ValueError())
    assert "cannot read the summary of run r1" in caplog.text
