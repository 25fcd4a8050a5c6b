"""Runs that hang: an objective is recorded, and W&B's heartbeat goes on."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.model import Policy
from tests.rules.judging import check_changed, check_held
from tests.support.run_samples import DAY, HOUR, MINUTE, NOW, SECOND, ago, flat, make_run, nested

LIMIT = 2 * HOUR + 5 * MINUTE
HANGS = "although W&B still receives heartbeats"


def hanging(idle: Any = 5 * HOUR, **more: Any) -> dict[str, Any]:
    """A summary with an objective, whose training said nothing for so long."""
    return (
        flat(objective=0.8, heartbeat=ago(idle)) | {"_timestamp": (NOW - idle).timestamp()} | more
    )


def run_of(summary: dict[str, Any], wandb: str = "running", **more: Any) -> Any:
    return make_run(summary, wandb, silent=10 * SECOND, created_at=ago(DAY), **more)


def test_a_run_whose_end_hangs_is_a_success_after_settle_and_a_limit() -> None:
    check_changed(run_of(hanging()), "objective-recorded", "success", HANGS)
    check_changed(run_of(hanging(LIMIT + SECOND)), "objective-recorded", "success", HANGS)
    check_held(run_of(hanging(LIMIT)), "its own process", "objective-recorded")


def test_the_limit_is_a_setting() -> None:
    patient = Policy(finish_timeout=6 * HOUR)
    check_held(run_of(hanging()), "its own process", "objective-recorded", patient)
    brief = Policy(finish_timeout=MINUTE)
    check_changed(run_of(hanging(7 * MINUTE)), "objective-recorded", "success", policy=brief)


@pytest.mark.parametrize(
    "summary",
    [
        flat(objective=0.8),
        hanging(**{"protein.heartbeat": ago(MINUTE)}),
        hanging(**{"protein.last_update": ago(MINUTE)}),
        hanging(_timestamp=(NOW - MINUTE).timestamp()),
        hanging(_timestamp="soon"),
        hanging(_timestamp=(NOW + HOUR).timestamp()),
        nested(objective=0.8, heartbeat=ago(HOUR)),
    ],
)
def test_a_run_that_works_or_may_work_is_held(summary: dict[str, Any]) -> None:
    check_held(run_of(summary), "its own process", "objective-recorded")


def test_a_machine_whose_clock_runs_behind_is_held() -> None:
    run = make_run(hanging(), silent=SECOND, created_at=ago(4 * HOUR))
    check_held(run, "its own process", "objective-recorded")


@pytest.mark.parametrize("wandb", ["pending", "preempting", "unknown"])
def test_only_a_run_that_wandb_calls_running_hangs(wandb: str) -> None:
    check_held(run_of(hanging(), wandb), "its own process", "objective-recorded")


def test_a_metric_that_may_be_logged_all_along_is_given_a_day() -> None:
    policy = Policy(objective="loss")
    summary = hanging() | {"loss": 0.5}
    check_held(run_of(summary), "its own process", "objective-recorded", policy)
    long = hanging(DAY + HOUR) | {"loss": 0.5}
    run = make_run(long, silent=SECOND, created_at=ago(3 * DAY))
    check_changed(run, "objective-recorded", "success", HANGS, policy)


def test_a_run_without_an_objective_does_not_hang() -> None:
    check_held(run_of(flat(heartbeat=ago(5 * HOUR))), "alive 10 seconds ago")
