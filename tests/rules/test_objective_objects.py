"""Objectives that are objects, as ``define_metric(summary=...)`` makes W&B store them."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.model import Policy
from tests.rules.judging import check_changed, check_held
from tests.support.run_samples import flat, make_run, nested

METRIC = Policy(objective="val/acc")
BOTH = {"min": 0.1, "max": 0.7, "last": 0.5}


@pytest.mark.parametrize("wandb", ["finished", "failed", "crashed", "killed"])
@pytest.mark.parametrize("name", ["max", "min", "mean", "best", "last", "first"])
def test_the_only_number_of_an_object_counts(name: str, wandb: str) -> None:
    run = make_run(flat() | {"val/acc": {name: 0.7}}, wandb)
    said = f"val/acc.{name} is recorded (0.7)"
    check_changed(run, "objective-recorded", "success", said, METRIC)


@pytest.mark.parametrize(
    ("goal", "said"), [("maximize", "val/acc.max is recorded (0.7)"), ("minimize", "(0.1)")]
)
def test_the_goal_of_the_sweep_says_which_number_counts(goal: str, said: str) -> None:
    run = make_run(flat() | {"val/acc": BOTH}, "finished", sweep_goal=goal)
    check_changed(run, "objective-recorded", "success", said, METRIC)


@pytest.mark.parametrize("make", [flat, nested])
def test_our_own_objective_may_be_an_object_too(make: Any) -> None:
    run = make_run(make(objective={"max": 3}), "finished")
    check_changed(run, "objective-recorded", "success", "protein.objective.max is recorded (3)")


@pytest.mark.parametrize(
    ("value", "goal"),
    [
        (BOTH, None),
        ({"min": 0.1}, "maximize"),
        ({"max": 0.7}, "minimize"),
        ({"max": float("nan")}, "maximize"),
        ({"max": None, "min": "x"}, None),
        ({"value": 1}, None),
        ({"_type": "histogram", "bins": [1]}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("wandb", ["finished", "failed", "crashed", "killed", "running"])
def test_an_object_that_does_not_say_which_number_counts_is_held(
    wandb: str, value: Any, goal: str | None
) -> None:
    run = make_run(flat() | {"val/acc": value}, wandb, sweep_goal=goal)
    check_held(run, "it is not known which number counts", "objective-invalid", METRIC)


def test_a_number_can_be_named() -> None:
    named = Policy(objective="val/acc.max")
    run = make_run(flat() | {"val/acc": BOTH}, "finished")
    check_changed(run, "objective-recorded", "success", "val/acc.max is recorded (0.7)", named)
