"""What is planned, and what must still hold when it is carried out."""

from __future__ import annotations

import math
from typing import Any

import pytest

from janitor.errors import PlanError
from janitor.model import Change, Policy, RunInfo, SweepRunState
from janitor.model.summary import Form
from janitor.pipeline.plan import Repair, Withdrawn, check_each_run_stands_once, plan_change
from janitor.records.changes import ReportedChange
from janitor.rules import judge
from tests.support.run_samples import DAY, HOUR, MINUTE, NOW, SECOND, ago, flat, make_run, nested

POLICY = Policy()


def planned(run: RunInfo, policy: Policy = POLICY) -> ReportedChange:
    return plan_change(judge(run, policy, NOW), "acme/rl/s1", policy, NOW)


def carried_out(now: RunInfo, was: RunInfo, *, reviewed: bool = False) -> Any:
    later = NOW + SECOND
    return Repair(planned(was), POLICY, as_reviewed=reviewed).edits(now, later)


# ---- planning -------------------------------------------------------------------------------


def test_a_plan_says_what_is_to_become_of_a_run_and_why() -> None:
    change = planned(make_run())
    assert (change.run, change.sweep, change.target) == ("acme/rl/r1", "s1", "acme/rl/s1")
    assert (change.from_, change.to, change.rule) == ("running", "timeout", "heartbeat-expired")
    assert change.last_alive == NOW - 2 * HOUR
    assert change.created_at == NOW - 2 * HOUR - DAY
    assert change.outcome == "planned"
    assert change.before == {"protein.state": "running"}
    assert change.after["protein.state"] == "timeout"


def test_in_both_forms_each_place_has_its_own_name() -> None:
    change = planned(make_run(flat() | nested()))
    assert change.form is Form.BOTH
    assert change.before == {"protein.state": "running", "/protein/state": "running"}


def test_values_that_are_not_json_are_planned_as_they_are() -> None:
    change = planned(make_run(flat(failure_time=math.inf, last_update=["\ud800"])))
    assert change.before["protein.failure_time"] == math.inf
    assert change.before["protein.last_update"] == ["\ud800"]


@pytest.mark.parametrize("janitor", [7, "mine", None, []])
def test_a_change_that_another_value_blocks_cannot_be_planned(janitor: Any) -> None:
    with pytest.raises(ValueError, match="'janitor' is in use"):
        planned(make_run(nested(janitor=janitor)))


@pytest.mark.parametrize(
    "run", [make_run(silent=MINUTE), make_run(flat("success")), make_run({}), make_run(flat(7))]
)
def test_only_changes_are_planned(run: RunInfo) -> None:
    with pytest.raises(TypeError, match="no rule wants to change this run"):
        planned(run)


@pytest.mark.parametrize("times", [2, 3])
def test_a_plan_that_names_a_run_more_than_once_is_refused(times: int) -> None:
    change = planned(make_run())
    check_each_run_stands_once([change])
    with pytest.raises(PlanError, match=f"acme/rl/r1 {times} times"):
        check_each_run_stands_once([change] * times)


# ---- carrying out ---------------------------------------------------------------------------


@pytest.mark.parametrize("reviewed", [True, False])
def test_a_change_that_still_holds_is_made_as_of_now(*, reviewed: bool) -> None:
    edits = carried_out(make_run(flat() | {"loss": 1}), make_run(), reviewed=reviewed)
    assert edits.values[("protein.janitor.at",)] == (NOW + SECOND).isoformat()
    assert edits.values[("protein.failure_time",)] == (NOW - 2 * HOUR).isoformat()


@pytest.mark.parametrize(
    ("now", "reason", "state"),
    [
        (make_run(silent=MINUTE), "held now: alive 1 minute and 1 second ago", "running"),
        (make_run(flat("success")), "it is success now", "success"),
        (make_run({}), "it no longer has a state", None),
        (make_run({}, defect="it is a list"), "held now: the summary cannot be read", None),
        (make_run(flat("evaluating")), "evaluating now, and heartbeat-expired would", "evaluating"),
        (make_run(flat(objective=1)), "objective-recorded would make it success", "running"),
        (make_run(tags=("janitor:ignore",)), "tagged janitor:ignore", "running"),
    ],
)
def test_a_change_that_no_longer_holds_is_withdrawn(
    now: RunInfo, reason: str, state: str | None
) -> None:
    withdrawn = carried_out(now, make_run())
    assert isinstance(withdrawn, Withdrawn)
    assert reason in withdrawn.reason
    assert withdrawn.state == state


def test_life_since_the_review_withdraws_a_change_that_would_hold_otherwise() -> None:
    now = make_run(silent=HOUR)
    assert isinstance(carried_out(now, make_run(), reviewed=True), Withdrawn)
    assert not isinstance(carried_out(now, make_run()), Withdrawn)


def test_a_plan_carries_its_own_policy() -> None:
    policy = Policy(heartbeat_timeout=MINUTE, vocabulary={SweepRunState.TIMEOUT: "failed"})
    run = make_run(silent=2 * MINUTE)
    assert isinstance(judge(run, policy, NOW).verdict, Change)
    edits = Repair(planned(run, policy), policy).edits(run, NOW)
    assert not isinstance(edits, Withdrawn)
    assert edits.values[("protein.state",)] == "failed"


@pytest.mark.parametrize("wandb", ["finished", "failed", "running", "hibernating", ""])
def test_a_proposal_knows_what_wandb_said_when_it_was_planned(wandb: str) -> None:
    repair = Repair(planned(make_run(wandb=wandb)), POLICY)
    assert repair.path == "acme/rl/r1"
    assert repair.wandb_state == wandb
    assert repair.wandb_state.has_ended is (wandb in {"finished", "failed"})


def test_a_resurrection_is_carried_out_as_planned() -> None:
    over = planned(make_run()).after
    alive = make_run(over, heartbeat_at=ago(-2 * MINUTE))
    edits = carried_out(alive, alive)
    assert edits.values[("protein.state",)] == "running"


# ---- the target -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moved", "reason"),
    [
        ({"sweep": "s2"}, "its sweep is s2 now, not s1"),
        ({"sweep": None}, "its sweep is none now, not s1"),
    ],
)
def test_a_run_that_left_its_sweep_is_not_written(moved: dict[str, Any], reason: str) -> None:
    assert carried_out(make_run(**moved), make_run()) == Withdrawn(reason)


@pytest.mark.parametrize("group", ["a/b", "other", None])
def test_a_run_that_left_its_group_is_not_written(group: str | None) -> None:
    was = make_run(sweep=None, group="a/b")
    change = plan_change(judge(was, POLICY, NOW), "acme/rl/a/b", POLICY, NOW)
    edits = Repair(change, POLICY).edits(make_run(sweep=None, group=group), NOW + SECOND)
    if group == "a/b":
        assert not isinstance(edits, Withdrawn)
    else:
        assert edits == Withdrawn(f"its group is {group or 'none'} now, not a/b")
