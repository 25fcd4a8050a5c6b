"""The rules of the objective: recorded, invalid, and where it stands."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from janitor.model import Policy
from tests.rules.judging import check_changed, check_held
from tests.support.run_samples import HOUR, MINUTE, SECOND, flat, make_run, nested

ENDED = ("finished", "failed", "crashed", "killed", "preempted")
MAYBE_ALIVE = ("running", "pending", "preempting", "unknown", "", "hibernating", "Finished")
OPEN = ("initializing", "running", "evaluating")
FINITE = (0, 0.0, -1.5, 1e308, 10**30, -(10**400))
NOT_FINITE = (math.inf, -math.inf, math.nan, True, False, "0.5", "", [0.5])
FORMS = (flat, nested)


# ---- objective-recorded ---------------------------------------------------------------------


@pytest.mark.parametrize("objective", FINITE)
@pytest.mark.parametrize("wandb", ENDED)
def test_an_ended_run_with_a_finite_objective_succeeded(wandb: str, objective: float) -> None:
    run = make_run(flat(objective=objective), wandb, silent=0 * SECOND)
    check_changed(run, "objective-recorded", "success", "protein.objective is recorded")


@pytest.mark.parametrize("wandb", MAYBE_ALIVE)
def test_a_run_that_may_live_is_given_time_to_finish_what_it_recorded(wandb: str) -> None:
    settling = make_run(flat(objective=1), wandb, silent=5 * MINUTE)
    check_held(settling, "its own process is expected to finish it", "objective-recorded")
    settled = make_run(flat(objective=1), wandb, silent=5 * MINUTE + SECOND)
    check_changed(settled, "objective-recorded", "success")


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("make", FORMS)
def test_an_objective_counts_in_every_open_state_and_form(make: Any, state: str) -> None:
    check_changed(make_run(make(state, objective=0.5)), "objective-recorded", "success")


@pytest.mark.parametrize("ahead", [0, 1, 4.9])
def test_a_heartbeat_a_little_ahead_of_our_clock_is_a_sign_of_life(ahead: float) -> None:
    run = make_run(flat(objective=1), silent=-ahead * MINUTE)
    check_held(run, "its own process is expected to finish it", "objective-recorded")


def test_settle_is_a_setting() -> None:
    hour = Policy(settle=HOUR)
    run = make_run(flat(objective=1), silent=HOUR)
    check_held(run, "its own process", "objective-recorded", hour)
    check_changed(
        make_run(flat(objective=1), silent=HOUR + SECOND), "objective-recorded", "success"
    )
    check_changed(
        make_run(flat(objective=1), silent=SECOND),
        "objective-recorded",
        "success",
        policy=Policy(settle=timedelta(0)),
    )


def test_a_recorded_objective_without_any_time_is_held_while_the_run_may_live() -> None:
    summary = flat(objective=1)
    check_held(
        make_run(summary, silent=None, created_at=None),
        "no timestamp shows when",
        "objective-recorded",
    )
    check_changed(
        make_run(summary, "finished", silent=None, created_at=None), "objective-recorded", "success"
    )


# ---- the objective's key --------------------------------------------------------------------


@pytest.mark.parametrize(
    "summary",
    [
        flat() | {"loss": 0.5},
        nested() | {"loss": 0.5},
        flat(objective="of another reader") | {"loss": 0.5},
    ],
)
def test_the_key_of_the_objective_is_a_setting(summary: dict[str, Any]) -> None:
    check_changed(
        make_run(summary, "finished"),
        "objective-recorded",
        "success",
        "loss is recorded",
        policy=Policy(objective="loss"),
    )


@pytest.mark.parametrize(
    "held",
    [
        {"metrics.val": 2},
        {"metrics": {"val": 2}},
        {"metrics.val": 2, "metrics": {"val": None}},
        {"metrics.val": None, "metrics": {"val": 2}},
    ],
)
def test_a_dotted_key_of_the_objective_is_found_flat_and_nested(held: dict[str, Any]) -> None:
    check_changed(
        make_run(flat() | held, "killed"),
        "objective-recorded",
        "success",
        policy=Policy(objective="metrics.val"),
    )


@pytest.mark.parametrize("held", [{}, {"metrics": 2}, {"metrics": {"loss": 2}}, {"val": 2}])
def test_no_other_key_is_taken_for_the_objective(held: dict[str, Any]) -> None:
    check_changed(
        make_run(flat(objective=1) | held, "killed"),
        "wandb-killed",
        "cancelled",
        policy=Policy(objective="metrics.val"),
    )


@pytest.mark.parametrize(
    "summary",
    [
        flat(objective=None) | {"protein": {"objective": 3}},
        nested(objective=None) | {"protein.objective": 3},
    ],
)
def test_a_null_in_one_form_does_not_hide_the_objective_in_the_other(
    summary: dict[str, Any],
) -> None:
    check_changed(make_run(summary, "failed"), "objective-recorded", "success")


# ---- objective-invalid ----------------------------------------------------------------------


@pytest.mark.parametrize("objective", NOT_FINITE)
@pytest.mark.parametrize("wandb", ENDED)
def test_an_ended_run_whose_objective_is_not_a_finite_number_failed(
    wandb: str, objective: Any
) -> None:
    run = make_run(flat(objective=objective), wandb, silent=15 * MINUTE + SECOND)
    check_changed(run, "objective-invalid", "failure", "is not a finite number")
    recent = make_run(flat(objective=objective), wandb, silent=0 * SECOND)
    if wandb == "finished":
        check_changed(recent, "objective-invalid", "failure", "is not a finite number")
    else:
        check_held(recent, "to come back", "objective-invalid")


@pytest.mark.parametrize("objective", NOT_FINITE)
@pytest.mark.parametrize("wandb", [word for word in MAYBE_ALIVE if word != "pending"])
def test_a_run_that_may_live_may_still_correct_its_objective(wandb: str, objective: Any) -> None:
    check_held(make_run(flat(objective=objective), wandb, silent=30 * MINUTE), "alive 30 minutes")


@pytest.mark.parametrize("make", FORMS)
def test_a_null_objective_counts_as_not_there(make: Any) -> None:
    check_held(make_run(make(objective=None), "finished", silent=MINUTE), "an evaluation may")
    check_changed(
        make_run(make(objective=None), "finished"),
        "heartbeat-expired",
        "timeout",
        "ended without an objective",
    )
