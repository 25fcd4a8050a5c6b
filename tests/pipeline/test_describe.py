from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from janitor.model import Hold, Outcome, Policy, RunInfo, WandbState
from janitor.model.summary import Form
from janitor.pipeline.describe import describe_change, describe_evidence, describe_hold
from janitor.rules import Judgement, judge
from tests.report.report_samples import NOON

HOURS_AGO = (NOON - timedelta(hours=3)).isoformat()
FUTURE = (NOON + timedelta(hours=3)).isoformat()


def judged(summary: dict[str, Any], wandb_state: str = "running", **given: Any) -> Judgement:
    run = RunInfo(
        entity="acme",
        project="rl",
        id="r1",
        storage_id="x",
        name="run 1",
        wandb_state=WandbState(wandb_state),
        summary=summary,
        sweep="s1",
        created_at=HOURS_AGO,
        **given,
    )
    return judge(run, Policy(), NOON)


def test_a_change_names_the_run_the_rule_and_its_evidence() -> None:
    judgement = judged({"protein": {"state": "running"}}, heartbeat_at=HOURS_AGO)
    change = describe_change(
        judgement, Outcome.PLANNED, target="acme/rl/s1", before={"protein.state": "running"}
    )
    assert (change.run, change.sweep, change.name) == ("acme/rl/r1", "s1", "run 1")
    assert (change.from_, change.to, change.rule) == ("running", "timeout", "heartbeat-expired")
    assert change.form is Form.NESTED
    assert change.last_alive == NOON - timedelta(hours=3)
    assert change.evidence.age_seconds == 3 * 3600
    assert change.evidence.objective is None
    assert change.evidence.wandb_state == change.wandb_state == "running"
    (sign,) = change.evidence.signs
    assert (sign.source, sign.raw, sign.at) == ("heartbeatAt", HOURS_AGO, change.last_alive)


def test_an_objective_that_is_not_a_number_is_shown_as_it_was() -> None:
    judgement = judged({"protein.state": "running", "protein.objective": math.inf}, "failed")
    change = describe_change(judgement, Outcome.WRITTEN, target="acme/rl/s1")
    assert change.evidence.objective == math.inf


def test_long_evidence_is_cut() -> None:
    summary = {
        "protein.state": "running",
        "protein.objective": [0.5] * 100_000,
        "_timestamp": "x" * 5000,
    }
    change = describe_change(judged(summary, "failed"), Outcome.WRITTEN, target="acme/rl/s1")
    assert len(change.evidence.objective) < 300
    assert all(len(str(sign.raw)) < 300 for sign in change.evidence.signs)


def test_evidence_that_is_nested_too_deeply_is_not_shown() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    reading = judged({"protein.state": "running"}).reading
    assert reading is not None
    evidence = describe_evidence(replace(reading, objective=deep))
    assert evidence.objective == "(not shown: it is nested too deeply to be written)"


def test_a_held_run_shows_its_reason_and_a_sign_from_the_future() -> None:
    judgement = judged({"protein.state": "running"}, heartbeat_at=FUTURE)
    assert isinstance(judgement.verdict, Hold)
    held = describe_hold(judgement, judgement.verdict, target="acme/rl/s1", url="https://x")
    assert held.rule == "heartbeat-expired"
    assert held.reason.startswith("clock: ")
    assert (held.state, held.wandb_state, held.url) == ("running", "running", "https://x")


def test_a_run_whose_state_cannot_be_determined_is_held_without_one() -> None:
    judgement = judged({"protein.state": 7})
    assert isinstance(judgement.verdict, Hold)
    assert describe_hold(judgement, judgement.verdict, target="acme/rl/s1").state is None


def test_a_run_that_no_rule_wants_changed_is_not_a_change() -> None:
    with pytest.raises(TypeError, match="no change for acme/rl/r1"):
        describe_change(judged({"protein.state": "success"}), Outcome.PLANNED, target="t")
