"""What the state manager writes when the run finishes, or the block of a trial ends."""

import pytest

from janitor.model import SweepRunState
from tests.lifecycle.lifecycle_runs import FakeRun, FakeTime, manage

RUNNING, EVALUATING, SUCCESS = (
    SweepRunState.RUNNING,
    SweepRunState.EVALUATING,
    SweepRunState.SUCCESS,
)


def test_a_finishing_run_is_a_success_inside_the_block(run: FakeRun, time: FakeTime) -> None:
    with manage(run, time):
        run.finish()
        assert run.protein()["state"] == "success"
    assert run.exit_codes == [None]


def test_a_run_that_finishes_with_an_exit_code_is_a_failure(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).set_state(RUNNING)
    run.finish(exit_code=2)
    assert run.protein()["state"] == "failure"
    assert run.protein()["error"] == "the run finished with exit code 2"


def test_a_run_that_finishes_on_an_exception_names_it(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).set_state(RUNNING)
    try:
        float("no data")
    except ValueError:
        run.finish(exit_code=1)
    assert run.protein()["error"].startswith("ValueError: could not convert")


def test_a_run_that_finishes_before_its_evaluation_stays_open(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).set_state(RUNNING)
    run.finish()
    assert run.protein()["state"] == "running"


def test_a_run_that_finishes_with_its_objective_is_a_success(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).set_state(EVALUATING, objective=0.5)
    run.finish()
    assert run.protein()["state"] == "success"


def test_within_a_trial_the_end_of_the_block_ends_the_attempt_and_not_the_run(
    run: FakeRun, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JANITOR_TRIAL_RUN", run.id)
    with manage(run, time) as manager:
        manager.set_success(0.25, cost=3)
    assert manager.state is RUNNING
    assert (run.protein()["objective"], run.protein()["cost"]) == (0.25, 3)
    assert "completion_time" not in run.protein()

    with pytest.raises(ZeroDivisionError), manage(run, time):
        1 / 0  # noqa: B018 - it fails
    assert run.protein()["state"] == "running"
    assert "error" not in run.protein()


def test_another_run_within_a_trial_ends_as_always(
    run: FakeRun, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JANITOR_TRIAL_RUN", "another")
    with manage(run, time) as manager:
        pass
    assert manager.state is SUCCESS
