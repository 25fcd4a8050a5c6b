"""The table of rules except for the objective: boundaries, and all of W&B's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from janitor.model import Clean, Policy, Untracked
from tests.rules.judging import check_changed, check_held, check_noop
from tests.support.run_samples import HOUR, MINUTE, SECOND, ago, flat, make_run, nested

ENDED = ("finished", "failed", "crashed", "killed", "preempted")
MAYBE_ALIVE = ("running", "pending", "preempting", "unknown", "", "hibernating", "Finished")
OPEN = ("initializing", "running", "evaluating")
TERMINAL = ("success", "failure", "timeout", "crashed", "cancelled")


# ---- wandb-crashed --------------------------------------------------------------------------


@pytest.mark.parametrize("wandb", ["crashed", "preempted"])
@pytest.mark.parametrize("state", OPEN)
def test_a_crashed_run_is_given_time_to_come_back(state: str, wandb: str) -> None:
    alone = make_run(flat(state), wandb, silent=15 * MINUTE, sweep=None)
    check_held(alone, f"W&B says {wandb}")
    run = make_run(flat(state), wandb, silent=15 * MINUTE + SECOND, sweep=None)
    check_changed(run, "wandb-crashed", "crashed", f"W&B says {wandb}")


@pytest.mark.parametrize("state", OPEN)
def test_a_preempted_run_of_a_sweep_waits_in_the_queue(state: str) -> None:
    run = make_run(flat(state), "preempted", silent=24 * HOUR)
    check_held(run, "to be started again", "wandb-crashed")
    late = make_run(flat(state), "preempted", silent=24 * HOUR + SECOND)
    check_changed(late, "wandb-crashed", "crashed", "W&B says preempted")
    patient = Policy(queue_timeout=48 * HOUR)
    check_held(late, "to be started again", "wandb-crashed", patient)
    check_held(run, "to be started again", "wandb-crashed", Policy(queue_timeout=24 * HOUR))
    brief = Policy(queue_timeout=MINUTE, crash_grace=HOUR)
    check_held(make_run(flat(state), "preempted", silent=HOUR), "W&B", "wandb-crashed", brief)
    over = make_run(flat(state), "preempted", silent=HOUR + SECOND)
    check_changed(over, "wandb-crashed", "crashed", policy=brief)


def test_the_grace_of_a_crash_is_a_setting() -> None:
    patient = Policy(crash_grace=3 * HOUR, heartbeat_timeout=9 * HOUR)
    check_held(make_run(wandb="crashed", silent=3 * HOUR), "W&B says crashed", policy=patient)
    run = make_run(wandb="crashed", silent=3 * HOUR + SECOND)
    check_changed(run, "wandb-crashed", "crashed", policy=patient)
    at_once = Policy(crash_grace=timedelta(0))
    check_held(make_run(wandb="crashed", silent=timedelta(0)), "W&B says", policy=at_once)
    check_changed(
        make_run(wandb="crashed", silent=SECOND), "wandb-crashed", "crashed", policy=at_once
    )


def test_a_crashed_run_without_any_time_is_held() -> None:
    run = make_run(wandb="crashed", silent=None, created_at=None)
    check_held(run, "no timestamp shows when", "wandb-crashed")


@pytest.mark.parametrize("state", TERMINAL)
@pytest.mark.parametrize("wandb", [*ENDED, *MAYBE_ALIVE])
def test_a_terminal_run_is_clean_whatever_wandb_says(wandb: str, state: str) -> None:
    check_noop(make_run(flat(state), wandb), Clean)
    check_noop(make_run(nested(state, objective=1), wandb), Clean)


# ---- wandb-failed and wandb-killed ----------------------------------------------------------


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize(("wandb", "to"), [("failed", "failure"), ("killed", "cancelled")])
def test_what_wandb_calls_failed_or_killed_is_over_after_a_grace(
    wandb: str, to: str, state: str
) -> None:
    rule = f"wandb-{wandb}"
    for silent in (timedelta(0), SECOND, 15 * MINUTE):
        run = make_run(flat(state), wandb, silent=silent)
        check_held(run, "is given 15 minutes to come back", rule)
    for silent in (15 * MINUTE + SECOND, 9 * HOUR):
        check_changed(make_run(flat(state), wandb, silent=silent), rule, to)
    undated = make_run(flat(state), wandb, silent=None, created_at=None)
    check_held(undated, "no timestamp shows when", rule)
    logged = make_run(flat(state) | {"_timestamp": ago(SECOND)}, wandb, silent=None)
    check_held(logged, "alive 1 second ago", rule)
    at_once = Policy(crash_grace=timedelta(0))
    check_changed(make_run(flat(state), wandb, silent=SECOND), rule, to, policy=at_once)


@pytest.mark.parametrize("wandb", ["Failed", "FAILED", "kill", "crash", "preempting", "finished "])
@pytest.mark.parametrize("state", OPEN)
def test_words_that_only_look_like_wandbs_own_may_be_alive(state: str, wandb: str) -> None:
    check_held(make_run(flat(state), wandb, silent=30 * MINUTE), f"W&B says {wandb}")


# ---- heartbeat-expired ----------------------------------------------------------------------


NOT_QUEUED = tuple(word for word in MAYBE_ALIVE if word != "pending")


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("wandb", [*NOT_QUEUED, "finished"])
def test_a_run_is_held_for_as_long_as_the_timeout_lasts(wandb: str, state: str) -> None:
    check_held(make_run(flat(state), wandb, silent=30 * MINUTE), "alive 30 minutes ago")


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("wandb", NOT_QUEUED)
def test_a_second_beyond_the_timeout_a_silent_run_is_given_up(wandb: str, state: str) -> None:
    run = make_run(flat(state), wandb, silent=30 * MINUTE + SECOND)
    check_changed(run, "heartbeat-expired", "timeout", "silent for 30 minutes and 1 second")


def test_a_run_that_ended_without_an_objective_is_distinguished_from_a_silent_one() -> None:
    run = make_run(flat("evaluating"), "finished", silent=HOUR)
    check_changed(run, "heartbeat-expired", "timeout", "ended without an objective")


@pytest.mark.parametrize("state", ["initializing", "running"])
def test_evaluations_have_a_timeout_of_their_own(state: str) -> None:
    slow = Policy(evaluation_timeout=2 * HOUR)
    check_held(make_run(flat("evaluating"), silent=2 * HOUR), "alive", policy=slow)
    late = make_run(flat("evaluating"), silent=2 * HOUR + SECOND)
    check_changed(late, "heartbeat-expired", "timeout", policy=slow)
    check_changed(
        make_run(flat(state), silent=31 * MINUTE), "heartbeat-expired", "timeout", policy=slow
    )
    quick = Policy(evaluation_timeout=MINUTE)
    check_held(make_run(flat(state), silent=30 * MINUTE), "alive", policy=quick)


def test_without_a_timeout_of_their_own_evaluations_have_the_general_one() -> None:
    policy = Policy(heartbeat_timeout=HOUR)
    check_held(make_run(flat("evaluating"), silent=HOUR), "alive 1 hour ago", policy=policy)
    late = make_run(flat("evaluating"), silent=HOUR + SECOND)
    check_changed(late, "heartbeat-expired", "timeout", policy=policy)


# ---- what is not ours, and what nobody may touch --------------------------------------------


@pytest.mark.parametrize(
    "summary",
    [
        {},
        {"loss": 1},
        {"state": "running"},
        {"protein": 1},
        {"protein": {}},
        {"protein": {"heartbeat": ago(HOUR), "objective": 1}},
        {"protein.heartbeat": ago(HOUR), "protein.objective": 1},
        {"Protein.state": "running"},
        {"other.state": "running"},
        {"a": {"protein.state": "running"}},
    ],
)
@pytest.mark.parametrize("wandb", ["running", "failed"])
def test_a_run_without_our_state_is_not_ours(wandb: str, summary: dict[str, Any]) -> None:
    check_noop(make_run(summary, wandb), Untracked)


@pytest.mark.parametrize("wandb", [*ENDED, *MAYBE_ALIVE])
@pytest.mark.parametrize("summary", [flat(), flat(objective=1), nested(), flat("success")])
def test_a_tagged_run_is_held_always(summary: dict[str, Any], wandb: str) -> None:
    run = make_run(summary, wandb, tags=("best", "janitor:ignore"))
    check_held(run, "tagged janitor:ignore")


@pytest.mark.parametrize("tag", ["janitor", "ignore", "janitor:ignored", "Janitor:Ignore"])
def test_other_tags_mean_nothing(tag: str) -> None:
    check_changed(make_run(tags=(tag,)), "heartbeat-expired", "timeout")


def test_an_untracked_run_stays_untracked_under_any_tag() -> None:
    check_noop(make_run({"loss": 1}, tags=("janitor:ignore",)), Untracked)


def test_a_summary_that_is_not_an_object_is_held() -> None:
    run = make_run({}, "failed", defect="it is a JSON list, not an object")
    check_held(run, "the summary cannot be read: it is a JSON list, not an object")


# ---- rules that are switched off ------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "run"),
    [
        ("wandb-crashed", make_run(wandb="crashed", silent=20 * MINUTE)),
        ("wandb-failed", make_run(wandb="failed", silent=20 * MINUTE)),
        ("wandb-killed", make_run(wandb="killed", silent=20 * MINUTE)),
        ("heartbeat-expired", make_run(silent=9 * HOUR)),
        ("objective-invalid", make_run(flat(objective="?"), "finished", silent=MINUTE)),
    ],
)
def test_a_rule_that_is_switched_off_is_not_asked(rule: str, run: Any) -> None:
    why = f"W&B says {run.wandb_state}: {rule} is disabled in the settings"
    check_held(run, why, policy=Policy(disabled_rules=frozenset({rule})))
    alive = make_run(silent=MINUTE)
    assert "disabled" not in check_held(alive, "alive").reason


@pytest.mark.parametrize("wandb", [*ENDED, *MAYBE_ALIVE])
def test_no_other_rule_gives_up_a_run_that_recorded_its_objective(wandb: str) -> None:
    policy = Policy(disabled_rules=frozenset({"objective-recorded"}))
    check_held(make_run(flat(objective=1), wandb), "disabled", "objective-recorded", policy)


def test_the_next_rule_judges_where_one_is_switched_off() -> None:
    policy = Policy(disabled_rules=frozenset({"wandb-crashed"}))
    check_changed(make_run(wandb="crashed"), "heartbeat-expired", "timeout", policy=policy)
