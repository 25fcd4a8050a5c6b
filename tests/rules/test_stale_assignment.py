from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from janitor.model import Clean, Ignore, Liveness, Policy, RunInfo, RunKind
from tests.records.planned import carried
from tests.rules.judging import check_changed, check_held, check_noop
from tests.support.run_samples import HOUR, MINUTE, ago, flat, make_run


def task(
    state: str = "running",
    age: timedelta | None = 3 * HOUR,
    manager: Liveness = Liveness.DEAD,
) -> RunInfo:
    summary = flat(state, assigned_to="gpu0", assigned_at=age and ago(age))
    return make_run(summary, wandb="", kind=RunKind.TASK, process=manager)


def test_a_task_that_was_assigned_too_long_ago_waits_again() -> None:
    check_changed(task(), "stale-assignment", "initializing", "assigned to gpu0 3 hours ago")


def test_two_hours_are_not_too_long_unless_the_policy_says_so() -> None:
    recent = task(age=2 * HOUR)
    check_held(recent, "assigned 2 hours ago: still valid")
    impatient = Policy(stale_after=119 * MINUTE)
    check_changed(recent, "stale-assignment", "initializing", policy=impatient)
    check_held(task(), "still valid", policy=Policy(stale_after=3 * HOUR))


def test_a_plan_carries_how_long_that_is(tmp_path: Path) -> None:
    policy = Policy(stale_after=5 * HOUR)
    assert carried(policy, tmp_path) == policy


@pytest.mark.parametrize(
    ("manager", "rule", "reason"),
    [
        (Liveness.ALIVE, "none", "its manager is running"),
        (Liveness.UNKNOWN, "stale-assignment", "cannot be determined from this machine"),
    ],
)
def test_the_tasks_of_a_manager_are_left_to_it(manager: Liveness, rule: str, reason: str) -> None:
    check_held(task(manager=manager), reason, rule)


def test_a_task_without_a_time_of_assignment_is_held() -> None:
    check_held(task(age=None), "no timestamp shows when", "stale-assignment")


@pytest.mark.parametrize("manager", Liveness)
@pytest.mark.parametrize(
    "policy",
    [Policy(), Policy(disabled_rules=frozenset({"stale-assignment"})),
     Policy(ignore=Ignore(names=("*",)))],
)  # fmt: skip
def test_a_task_that_waits_for_a_worker_is_clean(manager: Liveness, policy: Policy) -> None:
    check_noop(task("initializing", manager=manager), Clean, policy)


def test_a_run_or_an_experiment_that_is_initializing_is_somebodys_work() -> None:
    check_held(make_run(flat("initializing"), silent=MINUTE), "alive 1 minute")
    begun = make_run(flat("initializing"), kind=RunKind.EXPERIMENT, process=Liveness.UNKNOWN)
    check_held(begun, "it is initializing")
