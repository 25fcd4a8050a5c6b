"""The rule queue-expired: a run that waits in a queue is not silent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from janitor.model import OwnRule, Policy, SweepRunState
from tests.rules.judging import check_changed, check_held
from tests.support.run_samples import DAY, HOUR, MINUTE, SECOND, ago, flat, make_run

OPEN = ("initializing", "running", "evaluating")
LIMITED = Policy(queue_timeout=3 * HOUR)


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("silent", [timedelta(0), 2 * HOUR, 2 * DAY, 400 * DAY])
def test_without_a_limit_a_pending_run_waits_forever(silent: timedelta, state: str) -> None:
    check_held(make_run(flat(state), "pending", silent=silent), "it waits in a queue")
    never = make_run(flat(state), "pending", silent=None, created_at=ago(silent))
    check_held(never, "it waits in a queue")


@pytest.mark.parametrize("state", OPEN)
def test_with_a_limit_a_pending_run_is_given_up_after_it(state: str) -> None:
    check_held(make_run(flat(state), "pending", silent=3 * HOUR), "queue", policy=LIMITED)
    late = make_run(flat(state), "pending", silent=3 * HOUR + SECOND)
    check_changed(late, "queue-expired", "timeout", "longer than queue_timeout", LIMITED)
    undated = make_run(flat(state), "pending", silent=None, created_at=None)
    check_held(undated, "queue", policy=LIMITED)
    ahead = make_run(flat(state, heartbeat=ago(-HOUR)), "pending", silent=DAY)
    check_held(ahead, "queue", policy=LIMITED)


@pytest.mark.parametrize("wandb", ["running", "preempting", "unknown", ""])
def test_a_run_that_never_started_is_given_a_day(wandb: str) -> None:
    waiting = make_run(flat("initializing"), wandb, silent=None, created_at=ago(DAY))
    check_held(waiting, "never seen alive")
    late = make_run(flat("initializing"), wandb, silent=None, created_at=ago(DAY + SECOND))
    check_changed(late, "queue-expired", "timeout")
    sooner = make_run(flat("initializing"), wandb, silent=None, created_at=ago(4 * HOUR))
    check_held(sooner, "never seen alive")
    check_changed(sooner, "queue-expired", "timeout", policy=LIMITED)


def test_what_was_written_when_the_run_was_made_is_no_sign_of_life() -> None:
    made = ago(5 * HOUR)
    summary = flat("initializing", last_update=made)
    check_held(make_run(summary, silent=5 * HOUR, created_at=made), "never seen alive")


@pytest.mark.parametrize("state", ["running", "evaluating"])
def test_a_run_that_says_that_it_started_is_not_queued(state: str) -> None:
    run = make_run(flat(state), silent=None, created_at=ago(HOUR))
    check_changed(run, "heartbeat-expired", "timeout")


def test_a_run_that_was_seen_alive_while_it_set_up_is_not_queued() -> None:
    check_changed(make_run(flat("initializing")), "heartbeat-expired", "timeout")
    beating = flat("initializing", heartbeat=ago(HOUR))
    run = make_run(beating, silent=None, created_at=ago(DAY))
    check_changed(run, "heartbeat-expired", "timeout")
    check_held(make_run(flat("initializing"), silent=MINUTE), "alive 1 minute ago")


@pytest.mark.parametrize(
    ("wandb", "rule", "to"),
    [
        ("crashed", "wandb-crashed", "crashed"),
        ("failed", "wandb-failed", "failure"),
        ("killed", "wandb-killed", "cancelled"),
        ("finished", "heartbeat-expired", "timeout"),
    ],
)
def test_a_run_that_ended_waits_no_more(wandb: str, rule: str, to: str) -> None:
    run = make_run(flat("initializing"), wandb, silent=None, created_at=ago(HOUR))
    check_changed(run, rule, to)


def test_an_objective_counts_also_in_a_queue() -> None:
    check_changed(make_run(flat(objective=1), "pending"), "objective-recorded", "success")


def test_own_rules_may_judge_queued_runs() -> None:
    when = 'run.wandb_state == "pending" && run.age > duration("48h")'
    own = OwnRule("waits-too-long", when, SweepRunState.CANCELLED, "nobody takes it")
    policy = Policy(own_rules=(own,))
    check_changed(make_run(wandb="pending", silent=3 * DAY), own.id, "cancelled", policy=policy)
    check_held(make_run(wandb="pending", silent=DAY), "it waits in a queue", policy=policy)


def test_the_rule_can_be_switched_off() -> None:
    policy = Policy(queue_timeout=HOUR, disabled_rules=frozenset({"queue-expired"}))
    check_held(make_run(wandb="pending"), "queue-expired is disabled", policy=policy)
