from __future__ import annotations

import pytest

from janitor.model import AUTO, Override, Policy, Target, TargetKind
from janitor.stores.wandb.nodes import Scope
from janitor.stores.wandb.sweep_metrics import (
    SweepMetrics,
    are_asked_for,
    goal_of,
    metric_of,
)

RL = Scope("acme", "rl")


@pytest.mark.parametrize(
    ("config", "metric"),
    [
        ("metric: {name: val/loss, goal: minimize}", "val/loss"),
        ("method: grid", None),
        ("metric: loss", None),
        ("metric: {name: 5}", None),
        ("metric: {goal: minimize}", None),
        ("[1, 2]", None),
        ("{", None),
        ("", None),
        (None, None),
    ],
)
def test_the_metric_is_read_from_the_sweeps_config(config: str | None, metric: str | None) -> None:
    assert metric_of(config) == metric


@pytest.mark.parametrize(
    ("config", "goal"),
    [
        ("metric: {name: val/loss, goal: minimize}", "minimize"),
        ("metric: {name: val/acc, goal: maximize}", "maximize"),
        ("metric: {name: val/loss}", "minimize"),
        ("metric: {name: val/loss, goal: largest}", None),
        ("metric: {name: val/loss, goal: [maximize]}", None),
        ("metric: {goal: maximize}", None),
        ("method: grid", None),
        ("{", None),
        (None, None),
    ],
)
def test_the_goal_is_read_from_the_sweeps_config(config: str | None, goal: str | None) -> None:
    assert goal_of(config) == goal


def test_a_sweep_is_asked_for_its_config_once() -> None:
    asked: list[str] = []

    def fetch(scope: Scope, sweep: str) -> str:
        asked.append(f"{scope}/{sweep}")
        return "metric: {name: loss}"

    metrics = SweepMetrics(fetch)
    assert [metrics.of(RL, "s1"), metrics.of(RL, "s1"), metrics.of(RL, None)] == [
        "loss",
        "loss",
        None,
    ]
    assert metrics.goal(RL, "s1") == "minimize"
    assert metrics.goal(RL, None) is None
    assert asked == ["acme/rl/s1"]


def test_metrics_are_asked_for_where_the_policy_or_an_override_says_auto() -> None:
    target = Target(TargetKind.SWEEP, "acme", "rl", "s1")
    assert are_asked_for(Policy(objective=AUTO))
    assert are_asked_for(Policy(overrides=(Override(target, {"objective": AUTO}),)))
    assert not are_asked_for(Policy(objective="loss", overrides=(Override(target),)))
