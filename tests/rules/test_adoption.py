"""Runs without a state: left alone, or judged because of ``adopt``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from janitor.model import Liveness, Policy, RunInfo, Untracked
from janitor.model.runs import TrialPhase
from janitor.pipeline.edits import edits_for
from janitor.rules import judge
from tests.rules.judging import check_changed, check_held, check_noop
from tests.support.run_samples import HOUR, MINUTE, NOW, make_run

ADOPT = Policy(adopt=True)


def plain(wandb: str = "running", **more: Any) -> RunInfo:
    """A run whose training code knows nothing of the janitor."""
    return make_run({"loss": 0.5, "_timestamp": 1.7e9, **more.pop("summary", {})}, wandb, **more)


@pytest.mark.parametrize("wandb", ["running", "finished", "crashed", "failed", "killed"])
def test_without_the_setting_a_run_without_a_state_is_never_judged(wandb: str) -> None:
    check_noop(plain(wandb, silent=99 * HOUR), Untracked)


@pytest.mark.parametrize(
    ("wandb", "rule", "to"),
    [
        ("running", "heartbeat-expired", "timeout"),
        ("crashed", "wandb-crashed", "crashed"),
        ("failed", "wandb-failed", "failure"),
        ("killed", "wandb-killed", "cancelled"),
    ],
)
def test_with_it_the_rules_judge_the_run_as_if_it_said_running(
    wandb: str, rule: str, to: str
) -> None:
    check_changed(plain(wandb), rule, to, policy=ADOPT)


@pytest.mark.parametrize("wandb", ["running", "crashed", "failed", "killed"])
def test_a_run_that_may_be_alive_stays_unchanged(wandb: str) -> None:
    verdict = judge(plain(wandb, silent=2 * MINUTE), ADOPT, NOW).verdict
    assert "alive 2 minutes ago" in getattr(verdict, "reason", "")


def test_a_finished_run_with_the_metric_of_its_sweep_succeeded() -> None:
    run = plain("finished", sweep_metric="loss")
    check_changed(run, "objective-recorded", "success", "loss is recorded", ADOPT)


def test_a_finished_run_with_the_named_objective_succeeded() -> None:
    check_changed(
        plain("finished"), "objective-recorded", "success", policy=replace(ADOPT, objective="loss")
    )


def test_a_finished_run_without_an_objective_is_held_and_never_timed_out() -> None:
    check_held(plain("finished", silent=99 * HOUR), "it is not known whether", policy=ADOPT)


@pytest.mark.parametrize(
    ("wandb", "to"), [("crashed", "crashed"), ("failed", "failure"), ("running", "timeout")]
)
@pytest.mark.parametrize("objective", ["loss", "auto", None])
def test_a_metric_that_is_logged_all_along_is_not_a_success(
    objective: str | None, wandb: str, to: str
) -> None:
    policy = replace(ADOPT, objective=objective)
    run = plain(wandb, sweep_metric="loss")
    verdict = judge(run, policy, NOW).verdict
    assert getattr(verdict, "to", None) == to


def adopted(run: RunInfo, policy: Policy) -> RunInfo:
    """The run as the janitor leaves it."""
    judgement = judge(run, policy, NOW)
    assert judgement.reading is not None
    change: Any = judgement.verdict
    edits = edits_for(change, judgement.reading, policy, NOW)
    return replace(run, summary=edits.applied(run.summary))


@pytest.mark.parametrize("objective", ["loss", "auto", None])
@pytest.mark.parametrize("adopt", [True, False])
def test_the_next_pass_leaves_an_adopted_run_as_it_is(
    objective: str | None, *, adopt: bool
) -> None:
    policy = replace(ADOPT, objective=objective)
    after = adopted(plain("crashed", sweep_metric="loss"), policy)
    assert after.summary["protein.janitor.previous_state"] == "untracked"
    assert type(judge(after, replace(policy, adopt=adopt), NOW).verdict).__name__ == "Clean"


def test_an_adopted_run_that_lives_gets_its_state_back_and_stays_an_adopted_one() -> None:
    after = adopted(plain("running"), ADOPT)
    later = NOW + 10 * MINUTE
    beating = replace(after, heartbeat_at=later.isoformat())
    check_changed(beating, "resurrected", "running", policy=ADOPT, now=later)
    judgement = judge(beating, ADOPT, later)
    change: Any = judgement.verdict
    assert judgement.reading is not None
    back = edits_for(change, judgement.reading, ADOPT, later).applied(beating.summary)
    assert back["protein.janitor.adopted"] is True
    ended = replace(beating, summary=back, wandb_state=plain("finished").wandb_state)
    check_held(ended, "it is not known whether", policy=Policy(), now=later + 9 * HOUR)


def test_the_keys_take_the_form_of_others_under_the_namespace() -> None:
    after = adopted(plain("crashed", summary={"protein": {"objective": None, "mine": 1}}), ADOPT)
    assert after.summary["protein"]["state"] == "crashed"
    assert after.summary["protein"]["mine"] == 1
    assert "protein.state" not in after.summary


@pytest.mark.parametrize("name", ["janitor-0123456789abcdef", "janitor-0123456789abcdef-t3"])
def test_a_sweep_controllers_own_runs_are_never_adopted(name: str) -> None:
    check_noop(plain("crashed", id=name, sweep=None), Untracked, ADOPT)


def test_a_trial_of_a_sweep_controller_is_never_adopted() -> None:
    trial = TrialPhase("in_training", is_open=True, is_stopping=False, job=Liveness.DEAD)
    check_noop(plain("crashed", trial=trial), Untracked, ADOPT)


def test_a_state_that_is_null_is_not_a_missing_one() -> None:
    check_held(plain(summary={"protein.state": None}), "unknown state", policy=ADOPT)


def test_ignored_runs_are_not_adopted() -> None:
    check_held(plain(tags=("janitor:ignore",)), "tagged janitor:ignore", policy=ADOPT)


def test_a_run_that_waits_in_a_queue_is_not_lost() -> None:
    check_held(plain("pending", silent=99 * HOUR), "it waits in a queue", policy=ADOPT)
