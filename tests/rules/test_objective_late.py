"""The rule objective-late: the janitor's own guess gives way to an objective that came later."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.model import Clean, Policy, SweepRunState
from tests.rules.judging import check_changed, check_held, check_noop
from tests.support.run_samples import HOUR, MINUTE, SECOND, ago, flat, make_run, nested

MARKED = 2 * HOUR


def marks(state: str = "timeout", rule: str = "heartbeat-expired", **more: Any) -> dict[str, Any]:
    usual = {"rule": rule, "previous_state": "running", "state": state, "reason": "silent"}
    return usual | {"at": ago(MARKED), "version": "1"} | more


def marked(state: str = "timeout", word: str | None = None, **more: Any) -> dict[str, Any]:
    own = {name: more.pop(name) for name in ("objective", "last_update") if name in more}
    named = {f"janitor__{name}": value for name, value in marks(state, **more).items()}
    return flat(word or state, **{"objective": 0.9, "last_update": ago(MARKED)} | own | named)


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ("timeout", "heartbeat-expired"),
        ("timeout", "queue-expired"),
        ("timeout", "an-own-rule"),
        ("crashed", "wandb-crashed"),
        ("failure", "wandb-failed"),
        ("failure", "objective-invalid"),
    ],
)
@pytest.mark.parametrize("wandb", ["finished", "failed", "crashed", "killed", "preempted"])
def test_a_guess_of_the_janitor_gives_way(wandb: str, state: str, rule: str) -> None:
    run = make_run(marked(state, rule=rule), wandb, silent=3 * HOUR)
    check_changed(run, "objective-late", "success", "was recorded (0.9) after the janitor")


def test_the_marks_are_read_in_nested_form_too() -> None:
    summary = nested("timeout", objective=0.5, last_update=ago(MARKED), janitor=marks())
    check_changed(make_run(summary, "finished", silent=3 * HOUR), "objective-late", "success")


def test_the_names_of_states_and_the_key_are_settings() -> None:
    policy = Policy(objective="eval/acc", vocabulary={SweepRunState.TIMEOUT: "failed"})
    run = make_run(marked(word="failed", objective=None) | {"eval/acc": 0.9}, "finished")
    check_changed(run, "objective-late", "success", "eval/acc", policy)


@pytest.mark.parametrize("state", ["success", "failure", "timeout", "crashed", "cancelled"])
def test_a_state_that_the_run_or_a_person_set_stays(state: str) -> None:
    check_noop(make_run(flat(state, objective=0.9), "finished"), Clean)
    check_noop(make_run(nested(state, objective=0.9), "finished"), Clean)


@pytest.mark.parametrize("word", ["failure", "crashed", "cancelled", "success"])
def test_a_state_that_was_changed_after_the_mark_stays(word: str) -> None:
    check_noop(make_run(marked("timeout", word=word), "finished"), Clean)


def test_a_run_that_was_updated_after_the_mark_has_its_own_word() -> None:
    run = make_run(marked(last_update=ago(HOUR)), "finished")
    check_noop(run, Clean)


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ("cancelled", "wandb-killed"),
        ("failure", "an-own-rule"),
        ("success", "objective-recorded"),
        ("success", "objective-late"),
        ("failure", None),
        ("failure", ["wandb-failed"]),
    ],
)
def test_what_was_not_a_guess_about_the_objective_stays(state: str, rule: Any) -> None:
    if isinstance(rule, list):
        rule = str(rule)
    check_noop(make_run(marked(state, rule=rule), "finished"), Clean)


@pytest.mark.parametrize("objective", [None, float("nan"), float("inf"), "0.9", True, [0.9]])
def test_without_a_finite_objective_the_guess_stays(objective: Any) -> None:
    check_noop(make_run(marked(objective=objective), "finished"), Clean)


def test_a_run_that_may_live_is_given_time_to_say_so_itself() -> None:
    beat = MARKED - 30 * SECOND  # the trace of our own write: no resurrection
    patient = Policy(settle=MARKED)
    check_held(make_run(marked(), silent=beat), "its own process", "objective-late", patient)
    check_changed(make_run(marked(), silent=beat), "objective-late", "success")
    undated = make_run(marked(), silent=None, created_at=None)
    check_held(undated, "not known when", "objective-late")
    ahead = make_run(marked() | {"_timestamp": ago(-HOUR)})
    check_held(ahead, "not known when", "objective-late")


def test_a_run_that_is_alive_again_is_resurrected_first() -> None:
    check_changed(make_run(marked(), silent=MINUTE), "resurrected", "running")


def test_the_rule_can_be_switched_off() -> None:
    policy = Policy(disabled_rules=frozenset({"objective-late"}))
    check_noop(make_run(marked(), "finished"), Clean, policy)
