from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from janitor.model import AUTO, Clean, Ignore, Override, Policy, Target, TargetKind
from janitor.rules.selection import policy_for, with_default_entity
from tests.rules.judging import check_changed, check_held, check_noop
from tests.support.run_samples import DAY, HOUR, MINUTE, flat, make_run, nested

SWEEP = Target(TargetKind.SWEEP, "acme", "rl", "s1")
PROJECT = Target(TargetKind.PROJECT, "acme", "rl")
GROUP = Target(TargetKind.GROUP, "acme", "rl", "night")


def overriding(target: Target, **settings: Any) -> Policy:
    return Policy(overrides=(Override(target, settings),))


@pytest.mark.parametrize("target", [SWEEP, PROJECT, GROUP, replace(SWEEP, entity=None)])
def test_an_override_holds_for_the_runs_of_its_target(target: Target) -> None:
    policy = overriding(target, heartbeat_timeout=timedelta(hours=3))
    check_held(make_run(silent=2 * HOUR, group="night"), "alive", policy=policy)
    check_changed(
        make_run(silent=4 * HOUR, group="night"), "heartbeat-expired", "timeout", policy=policy
    )


@pytest.mark.parametrize(
    "target",
    [
        replace(SWEEP, name="s2"),
        replace(SWEEP, project="vision"),
        replace(SWEEP, entity="other"),
        GROUP,
        replace(PROJECT, project="vision"),
    ],
)
def test_an_override_of_another_target_does_not(target: Target) -> None:
    policy = overriding(target, heartbeat_timeout=timedelta(hours=3))
    check_changed(make_run(silent=2 * HOUR), "heartbeat-expired", "timeout", policy=policy)


def test_the_narrowest_override_wins_setting_by_setting() -> None:
    policy = Policy(
        overrides=(
            Override(SWEEP, {"settle": timedelta(minutes=1)}, frozenset({"b"})),
            Override(
                PROJECT,
                {"settle": timedelta(minutes=2), "crash_grace": timedelta(minutes=3)},
            ),
            Override(GROUP, {"crash_grace": timedelta(minutes=4)}, frozenset({"a"})),
        )
    )
    found = policy_for(make_run(group="night"), policy)
    assert (found.settle, found.crash_grace) == (timedelta(minutes=1), timedelta(minutes=4))
    assert found.disabled_rules == {"a", "b"}
    assert found.heartbeat_timeout == policy.heartbeat_timeout


def test_an_override_without_an_entity_takes_the_default_one() -> None:
    policy = overriding(replace(SWEEP, entity=None), settle=timedelta(0))
    (override,) = with_default_entity(policy, lambda: "acme").overrides
    assert override.target == SWEEP
    named = overriding(SWEEP)
    assert with_default_entity(named, lambda: pytest.fail("asked")) is named


@pytest.mark.parametrize(
    ("ignore", "reason"),
    [
        (Ignore(tags=("debug",)), "its tag debug matches debug"),
        (Ignore(tags=("x", "deb*")), "its tag debug matches deb*"),
        (Ignore(names=("run r*",)), "its name matches run r*"),
        (Ignore(names=("r1",)), "its name matches r1"),
        (Ignore(older_than=timedelta(hours=1)), "silent for 2 hours"),
    ],
)
def test_an_ignored_run_is_held_and_a_terminal_one_is_clean(ignore: Ignore, reason: str) -> None:
    policy = Policy(ignore=ignore)
    check_held(make_run(tags=("debug",)), f"ignored: {reason}", policy=policy)
    check_held(make_run(flat(objective=1.0), tags=("debug",)), reason, policy=policy)
    check_noop(make_run(flat("success"), tags=("debug",)), Clean, policy=policy)


def test_an_ignored_run_that_comes_back_is_left_as_it_is() -> None:
    marks = {
        "janitor__state": "timeout",
        "janitor__previous_state": "running",
        "janitor__rule": "heartbeat-expired",
        "janitor__at": "2026-03-01T00:00:00Z",
    }
    run = make_run(flat("timeout", **marks), silent=MINUTE)
    check_changed(run, "resurrected", "running")
    check_noop(run, Clean, policy=Policy(ignore=Ignore(names=("r1",))))


@pytest.mark.parametrize(
    "ignore",
    [
        Ignore(tags=("debug",)),
        Ignore(names=("r2", "R1", "run")),
        Ignore(older_than=timedelta(days=1)),
    ],
)
def test_other_runs_are_judged_as_usual(ignore: Ignore) -> None:
    policy = Policy(ignore=ignore)
    check_changed(make_run(tags=("prod",)), "heartbeat-expired", "timeout", policy=policy)


METRIC = Policy(objective=AUTO)


@pytest.mark.parametrize("summary", [{**flat(), "val.loss": 0.5}, {**flat(), "val": {"loss": 0.5}}])
def test_the_sweeps_metric_is_the_objective_of_a_finished_run(summary: dict[str, Any]) -> None:
    run = make_run(summary, "finished", sweep_metric="val.loss")
    check_changed(run, "objective-recorded", "success", "val.loss is recorded (0.5)", METRIC)


@pytest.mark.parametrize(
    ("wandb", "rule", "to"),
    [
        ("running", "heartbeat-expired", "timeout"),
        ("crashed", "wandb-crashed", "crashed"),
        ("failed", "wandb-failed", "failure"),
    ],
)
def test_a_metric_that_was_logged_all_along_makes_no_success_of_another_end(
    wandb: str, rule: str, to: str
) -> None:
    run = make_run({**flat(), "loss": 0.5}, wandb, sweep_metric="loss", silent=DAY)
    check_changed(run, rule, to, policy=METRIC)


def test_a_recorded_objective_comes_before_the_sweeps_metric() -> None:
    run = make_run({**nested(objective=2.0), "loss": 0.5}, "crashed", sweep_metric="loss")
    check_changed(run, "objective-recorded", "success", "protein.objective", METRIC)


def test_a_metric_that_is_not_a_number_is_a_failure_once_the_run_finished() -> None:
    run = make_run({**flat(), "loss": float("nan")}, "finished", sweep_metric="loss")
    check_changed(run, "objective-invalid", "failure", "loss is not a finite number", METRIC)


def test_without_a_metric_auto_means_the_usual_key() -> None:
    run = make_run({**flat(), "loss": 0.5}, "finished", silent=DAY)
    check_changed(run, "heartbeat-expired", "timeout", policy=METRIC)
