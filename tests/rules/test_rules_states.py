"""How a run's state is read: in both forms, in other readers' words, and where nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.model import Clean, Policy, SweepRunState, Untracked
from janitor.rules import judge
from tests.rules.judging import check_changed, check_held, check_noop
from tests.support.run_samples import MINUTE, NOW, flat, make_run, nested

S = SweepRunState
FORMS = (flat, nested)
OPEN = [state for state in S if state.is_open]
TERMINAL = [state for state in S if not state.is_open]


def words(**vocabulary: str) -> Policy:
    return Policy(vocabulary={S(state): word for state, word in vocabulary.items()})


def state_of(summary: dict[str, Any], policy: Policy) -> SweepRunState | None:
    reading = judge(make_run(summary, silent=MINUTE), policy, NOW).reading
    return reading.state if reading else None


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("state", OPEN)
def test_open_runs_are_judged_in_both_forms(make: Any, state: str) -> None:
    check_changed(make_run(make(state)), "heartbeat-expired", "timeout")
    check_held(make_run(make(state), silent=MINUTE), "alive")


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("state", TERMINAL)
def test_terminal_runs_are_clean_in_both_forms(make: Any, state: str) -> None:
    check_noop(make_run(make(state)), Clean)


@pytest.mark.parametrize("wandb", ["running", "finished", "failed", "crashed", "killed"])
@pytest.mark.parametrize(
    "word", ["", "Running", "RUNNING", "running ", "done", "Failed", "FAILED", "absent", "\ud800"]
)
def test_a_word_in_no_vocabulary_is_held(word: str, wandb: str) -> None:
    check_held(make_run(flat(word), wandb), f"unknown state {word!r}")


@pytest.mark.parametrize("state", [None, 0, 1.5, True, [], ["running"], {}, {"state": "running"}])
@pytest.mark.parametrize("make", FORMS)
def test_a_state_that_is_not_text_is_held(make: Any, state: Any) -> None:
    check_held(make_run(make(state), "failed"), f"unknown state {state!r}")


def test_an_endless_state_is_shortened() -> None:
    verdict = check_held(make_run(flat("x" * 1_000_000)), "unknown state 'xxx")
    assert len(verdict.reason) < 150


# ---- both forms -----------------------------------------------------------------------------


def test_a_run_of_both_forms_is_judged_where_they_agree() -> None:
    check_changed(make_run(flat() | nested()), "heartbeat-expired", "timeout")
    check_noop(make_run(flat("success") | nested("success")), Clean)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("running", "success"),
        ("running", "evaluating"),
        ("success", "failure"),
        ("failed", "failure"),
        ("running", None),
        ("running", 1),
        ("running", ["running"]),
    ],
)
def test_a_run_with_two_states_is_held(one: Any, other: Any) -> None:
    check_held(make_run(flat(one) | nested(other), "failed"), "two states")
    check_held(make_run(flat(other) | nested(one), "failed"), "two states")


# ---- vocabulary -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("policy", [Policy(), words(success="done"), words(failure="broken")])
def test_failed_is_always_read_as_failure(make: Any, policy: Policy) -> None:
    check_noop(make_run(make("failed"), "running"), Clean, policy)
    assert state_of(make("failed"), policy) is S.FAILURE


def test_other_readers_words_are_read() -> None:
    policy = words(running="active", success="done", timeout="lost")
    check_changed(make_run(flat("active")), "heartbeat-expired", "timeout", policy=policy)
    check_noop(make_run(flat("done")), Clean, policy)
    check_noop(make_run(flat("lost")), Clean, policy)
    check_held(make_run(flat("other")), "unknown state 'other'", policy=policy)


def test_our_own_words_are_read_beside_those_of_the_vocabulary() -> None:
    policy = words(running="active", failure="failed")
    check_changed(make_run(flat("running")), "heartbeat-expired", "timeout", policy=policy)
    check_noop(make_run(flat("failure")), Clean, policy)


def test_a_word_of_the_vocabulary_goes_before_our_own() -> None:
    policy = words(success="running", running="active")
    check_noop(make_run(flat("running")), Clean, policy)


def test_several_terminal_states_may_share_a_word_and_the_mark_decides_which_is_meant() -> None:
    policy = words(timeout="failure", crashed="failure", failure="failed")
    check_noop(make_run(flat("failure")), Clean, policy)
    for state in (S.TIMEOUT, S.CRASHED):
        assert state_of(flat("failure", janitor__state=state.value), policy) is state
        assert state_of(nested("failure", janitor={"state": state.value}), policy) is state
    assert state_of(flat("failure", janitor__state="success"), policy) is S.TIMEOUT
    assert state_of(flat("failure", janitor__state=["crashed"]), policy) is S.TIMEOUT


def test_without_a_mark_a_shared_word_that_is_a_states_own_means_that_state() -> None:
    policy = words(timeout="failure", crashed="failure")
    assert state_of(flat("failure"), policy) is S.FAILURE


def test_open_states_that_share_a_word_are_given_the_longer_timeout() -> None:
    shared = {S.RUNNING: "active", S.EVALUATING: "active", S.INITIALIZING: "active"}
    policy = Policy(vocabulary=shared, evaluation_timeout=60 * MINUTE)
    check_held(make_run(flat("active"), silent=60 * MINUTE), "alive", policy=policy)
    check_changed(
        make_run(flat("active"), silent=61 * MINUTE), "heartbeat-expired", "timeout", policy=policy
    )


@pytest.mark.parametrize("wandb", ["running", "failed", "crashed", "finished"])
def test_a_word_that_may_be_open_or_terminal_is_held_without_a_mark(wandb: str) -> None:
    policy = words(running="busy", success="busy")
    check_held(make_run(flat("busy"), wandb), "ambiguous state 'busy'", policy=policy)
    marked = flat("busy", janitor__state="success")
    check_noop(make_run(marked, wandb), Clean, policy)


# ---- namespace ------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["sweep", "my.team", "p"])
def test_the_namespace_is_a_setting(namespace: str) -> None:
    policy = Policy(namespace=namespace)
    for summary in ({f"{namespace}.state": "running"}, {namespace: {"state": "running"}}):
        check_changed(make_run(summary), "heartbeat-expired", "timeout", policy=policy)
        with_objective = summary | {f"{namespace}.objective": 1}
        check_changed(
            make_run(with_objective), "objective-recorded", "success", "objective", policy=policy
        )
        beating = summary | {f"{namespace}.heartbeat": "2026-03-01T11:59:00Z"}
        check_held(make_run(beating), "alive 1 minute ago", policy=policy)


@pytest.mark.parametrize("summary", [flat(), nested(), flat(objective=1), flat("success")])
def test_a_run_of_another_namespace_is_not_ours(summary: dict[str, Any]) -> None:
    check_noop(make_run(summary, "failed"), Untracked, Policy(namespace="sweep"))


def test_evidence_of_another_namespace_does_not_count() -> None:
    summary = {"sweep.state": "running", **flat(heartbeat="2026-03-01T11:59:00Z")}
    check_changed(
        make_run(summary), "heartbeat-expired", "timeout", policy=Policy(namespace="sweep")
    )
