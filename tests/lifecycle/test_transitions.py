"""Which moves a manager makes: legal ones, new attempts, and corrections of a guess."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.lifecycle import IllegalMoveError, SweepRunState
from tests.lifecycle.lifecycle_runs import FakeRun, FakeTime, manage

INITIALIZING, RUNNING, EVALUATING, SUCCESS, FAILURE, TIMEOUT, CRASHED, CANCELLED = SweepRunState


def test_an_illegal_move_is_a_warning_and_no_write(
    run: FakeRun, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    manager = manage(run, time)
    manager.set_state(SUCCESS)
    before = dict(run.summary)
    manager.set_state(RUNNING)
    assert run.summary == before
    assert "run r1 is success, which is final: it cannot become running" in caplog.text


def test_an_illegal_move_is_an_error_when_strict(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time, strict=True)
    manager.set_state(SUCCESS)
    with pytest.raises(IllegalMoveError, match="cannot become running"):
        manager.set_state(RUNNING)
    with pytest.raises(IllegalMoveError, match="'defunct' is not a state"):
        manager.set_state("defunct")
    with pytest.raises(IllegalMoveError, match="reopened as an open state"):
        manager.reopen(FAILURE)


def test_reopening_starts_another_attempt_without_the_old_traces(
    run: FakeRun, time: FakeTime
) -> None:
    manager = manage(run, time)
    manager.handle_exception(ValueError("first try"))
    manager.reopen()
    protein = run.protein()
    assert (protein["state"], protein["attempts"]) == ("running", 2)
    assert not protein.keys() & {"error", "error_traceback", "failure_time", "completion_time"}


def test_reopening_an_open_run_changes_nothing(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state(EVALUATING)
    before = dict(run.summary)
    manager.reopen()
    assert run.summary == before


def test_entering_a_resumed_run_is_another_attempt(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).set_state(CRASHED)
    again = run.again()
    with manage(again, time) as manager:
        assert again.protein()["attempts"] == 2
        assert manager.state is RUNNING
    third = again.again()
    with manage(third, time):
        assert third.protein()["attempts"] == 3


def test_a_run_that_was_killed_while_it_ran_is_another_attempt(time: FakeTime) -> None:
    run = FakeRun(resumed=True, summary={"protein.state": "running", "protein.attempts": 1})
    with manage(run, time):
        assert run.protein()["attempts"] == 2


def test_the_first_attempt_of_a_run_that_was_prepared_is_the_first(time: FakeTime) -> None:
    run = FakeRun(resumed=True, summary={"protein.state": "initializing"})
    with manage(run, time) as manager:
        assert (manager.state, run.protein()["attempts"]) == (RUNNING, 1)
    again = run.again()
    with manage(again, time):
        assert again.protein()["attempts"] == 2


def test_a_run_that_was_killed_while_it_began_is_another_attempt(time: FakeTime) -> None:
    run = FakeRun(resumed=True, summary={"protein.state": "initializing", "protein.attempts": 1})
    with manage(run, time):
        assert run.protein()["attempts"] == 2


def test_a_resumed_run_is_reopened_by_its_first_open_state_too(
    run: FakeRun, time: FakeTime
) -> None:
    manage(run, time).set_state(CRASHED)
    again = run.again()
    manager = manage(again, time)
    manager.set_state(INITIALIZING)
    manager.set_state(RUNNING)
    assert (manager.state, again.protein()["attempts"]) == (RUNNING, 2)


def test_a_process_is_one_attempt_however_many_managers_it_has(time: FakeTime) -> None:
    run = FakeRun(resumed=True, summary={"protein.state": "crashed"})
    with manage(run, time):
        pass
    second = manage(run, time)
    second.set_state(RUNNING)
    assert (second.state, run.protein()["attempts"]) == (SUCCESS, 2)


MARKED: dict[str, Any] = {
    "protein.state": "timeout",
    "protein.error": "no sign of life",
    "protein.failure_time": "2026-01-01T00:00:00+00:00",
    "protein.janitor.state": "timeout",
    "protein.janitor.rule": "heartbeat-expired",
    "loss": float("inf"),
}


def test_entering_a_run_that_the_janitor_ended_reopens_it(time: FakeTime) -> None:
    run = FakeRun(summary=MARKED)
    with manage(run, time):
        protein = run.protein()
        assert (protein["state"], protein["attempts"]) == ("running", 2)
        assert not any("janitor" in key or key in ("error", "failure_time") for key in protein)
    assert run.summary["loss"] == float("inf")


def test_the_janitors_guess_gives_way_to_the_truth(time: FakeTime) -> None:
    run = FakeRun(summary=MARKED)
    manage(run, time).set_state(SUCCESS, score=1.0)
    protein = run.protein()
    assert protein["state"] == "success"
    assert "error" not in protein
    assert "attempts" not in protein


def test_managers_of_one_run_agree(run: FakeRun, time: FakeTime) -> None:
    training, evaluation = manage(run, time), manage(run, time)
    training.set_state(RUNNING)
    evaluation.set_state(EVALUATING)
    assert training.state is EVALUATING
    evaluation.set_state(SUCCESS)
    training.set_state(FAILURE)
    assert training.state is SUCCESS
