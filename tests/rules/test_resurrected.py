"""The rule resurrected: a run that the janitor marked as ended is alive again."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.model import Clean, Policy, SweepRunState
from tests.rules.judging import check_changed, check_held, check_noop
from tests.support.run_samples import HOUR, MINUTE, SECOND, ago, flat, make_run, nested

MARKED = 2 * HOUR
"""When the janitor wrote its mark."""


def marks(state: Any = "timeout", previous: Any = "running", **more: Any) -> dict[str, Any]:
    return {
        "rule": "heartbeat-expired",
        "previous_state": previous,
        "state": state,
        "reason": "silent for 2 hours",
        "at": ago(MARKED),
        "version": "1",
    } | more


def marked(state: str = "timeout", word: str | None = None, **more: Any) -> dict[str, Any]:
    named = {f"janitor__{name}": value for name, value in marks(state, **more).items()}
    return flat(word or state, **named)


@pytest.mark.parametrize("state", ["timeout", "crashed", "failure", "cancelled", "success"])
@pytest.mark.parametrize("previous", ["initializing", "running", "evaluating"])
def test_a_run_gets_back_the_state_it_had(previous: str, state: str) -> None:
    run = make_run(marked(state, previous=previous), silent=MINUTE)
    check_changed(run, "resurrected", previous, "alive again")


def test_the_marks_are_read_in_nested_form_too() -> None:
    run = make_run(nested("timeout", janitor=marks()), silent=MINUTE)
    check_changed(run, "resurrected", "running")


def test_a_run_of_a_word_that_states_share_comes_back_by_its_mark() -> None:
    policy = Policy(vocabulary={SweepRunState.TIMEOUT: "failed", SweepRunState.CRASHED: "failed"})
    run = make_run(marked("crashed", word="failed"), silent=MINUTE)
    check_changed(run, "resurrected", "running", "marked it crashed", policy=policy)


def test_a_heartbeat_a_minute_after_the_mark_may_be_the_trace_of_our_own_write() -> None:
    check_noop(make_run(marked(), silent=MARKED - MINUTE), Clean)
    run = make_run(marked(), silent=MARKED - MINUTE - SECOND)
    check_changed(run, "resurrected", "running")


@pytest.mark.parametrize("silent", [MARKED, MARKED + SECOND, 9 * HOUR, None])
def test_without_a_heartbeat_since_the_mark_a_run_stays_as_it_is(silent: Any) -> None:
    check_noop(make_run(marked(), silent=silent), Clean)


@pytest.mark.parametrize(
    "wandb", ["finished", "failed", "crashed", "killed", "preempted", "pending", "preempting", ""]
)
def test_only_a_run_that_wandb_calls_running_comes_back(wandb: str) -> None:
    check_noop(make_run(marked(), wandb, silent=MINUTE), Clean)


@pytest.mark.parametrize("state", ["timeout", "crashed", "failure", "cancelled", "success"])
def test_a_run_that_is_over_by_its_own_word_stays_over(state: str) -> None:
    check_noop(make_run(flat(state), silent=MINUTE), Clean)
    check_noop(make_run(nested(state), silent=MINUTE), Clean)


def test_a_run_whose_state_is_not_the_one_we_wrote_is_its_own_masters() -> None:
    check_noop(make_run(marked("timeout", word="success"), silent=MINUTE), Clean)


@pytest.mark.parametrize("previous", ["success", "timeout", "", None, 1, ["running"], "Running"])
def test_a_mark_that_names_no_open_state_brings_nothing_back(previous: Any) -> None:
    check_noop(make_run(marked(previous=previous), silent=MINUTE), Clean)


@pytest.mark.parametrize("at", [None, "", "soon", 0, [], {}, True])
def test_a_mark_without_a_time_brings_nothing_back(at: Any) -> None:
    check_noop(make_run(marked(at=at), silent=MINUTE), Clean)


def test_a_heartbeat_from_the_future_brings_nothing_back() -> None:
    check_noop(make_run(marked(), silent=-HOUR), Clean)
    check_noop(make_run(marked() | {"protein.heartbeat": ago(-HOUR)}, silent=MINUTE), Clean)


def test_other_evidence_than_wandbs_heartbeat_brings_nothing_back() -> None:
    summary = marked() | {"protein.heartbeat": ago(MINUTE), "_timestamp": ago(MINUTE)}
    check_noop(make_run(summary), Clean)


def test_the_rule_can_be_switched_off() -> None:
    policy = Policy(disabled_rules=frozenset({"resurrected"}))
    check_noop(make_run(marked(), silent=MINUTE), Clean, policy)


def test_a_process_that_sends_the_marks_again_is_not_repaired_over_and_over() -> None:
    again = marked("crashed") | {"_timestamp": ago(MINUTE)}
    check_held(make_run(again, silent=MINUTE), "sends it with each log entry", "resurrected")
    before = marked("crashed") | {"_timestamp": ago(MARKED)}
    check_changed(make_run(before, silent=MINUTE), "resurrected", "running")
    trace = marked("crashed") | {"_timestamp": ago(MARKED - MINUTE)}
    check_changed(make_run(trace, silent=MINUTE), "resurrected", "running")


@pytest.mark.parametrize("wandb", ["finished", "failed", "crashed", "killed"])
def test_once_it_ended_its_objective_settles_it(wandb: str) -> None:
    again = marked("crashed", rule="wandb-crashed") | {"_timestamp": ago(MINUTE)}
    check_noop(make_run(again, wandb, silent=MINUTE), Clean)
    done = again | {"protein.objective": 0.5}
    check_changed(make_run(done, wandb, silent=MINUTE), "objective-late", "success")
