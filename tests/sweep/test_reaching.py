"""Which milestones reports have reached: the first value at or past each, once."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from janitor.model.jobs import Ending, Report
from janitor.model.ledger_items import Ended, Reached
from janitor.model.trial import Trial
from janitor.sweep.reaching import Yardstick, reached, reached_at_end
from tests.sweep.ledgers import TRAIN, Building

ENDED = Ended("s-0000", 1, TRAIN, Ending.OK, "it ended well", objective=0.4, resource=2)


def trial_with(*known: tuple[float, float], rung: float | None = None) -> Trial:
    building = Building().launch(0, rung=rung)
    for level, value in known:
        building.reach(0, level, value)
    return building.ledger.trials["s-0000"]


def found(
    *reports: Report, resource: str = "", known: tuple[tuple[float, float], ...] = ()
) -> list[tuple[float, float, float]]:
    trial = trial_with(*known)
    measured = Yardstick("loss", resource).measured(reports)
    return [
        (one.rung, one.resource, one.value)
        for one in reached(trial, trial.newest, (1, 3, 9), measured)
    ]


def at(step: float | None, **metrics: Any) -> Report:
    return Report(step, metrics)


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([at(0, loss=1.0)], [], id="before the first rung"),
        pytest.param([at(1, loss=1.0), at(1, loss=0.5)], [(1, 1, 1.0)], id="repeated"),
        pytest.param([at(2, loss=1.0), at(1, loss=0.5)], [(1, 2, 1.0)], id="late"),
        pytest.param(
            [at(4, loss=1.0), at(9, loss=0.5)],
            [(1, 4, 1.0), (3, 4, 1.0), (9, 9, 0.5)],
            id="a rung is skipped",
        ),
        pytest.param([at(1, accuracy=1.0)], [], id="another metric"),
        pytest.param([at(1), at(None, loss=0.5)], [(1, 1, 0.5)], id="the step is carried forward"),
        pytest.param([at(None, loss=0.5)], [], id="no step"),
        pytest.param([at(2.5, loss=0.5)], [(1, 2.5, 0.5)], id="between rungs"),
    ],
)
def test_the_first_value_at_or_past_a_rung_counts(
    reports: list[Report], expected: list[tuple[float, float, float]]
) -> None:
    assert found(*reports) == expected


def test_a_rung_that_is_known_is_not_reached_again() -> None:
    assert found(at(3, loss=0.5), known=((1, 0.9),)) == [(3, 3, 0.5)]
    assert found(at(3, loss=0.5), known=((1, 0.9), (3, 0.8))) == []


@pytest.mark.parametrize("value", ["NaN", None, "text", True, float("nan")])
def test_a_value_that_is_not_a_number_is_recorded_as_such(value: Any) -> None:
    ((_, _, known),) = found(at(1, loss=value))

    assert math.isnan(known)


def test_the_resource_may_be_a_metric_and_steps_are_ignored_then() -> None:
    reports = [at(100, loss=0.9), at(200, epoch=1), at(300, loss=0.5), at(400, epoch=3, loss=0.4)]

    assert found(*reports, resource="epoch") == [(1, 1, 0.5), (3, 3, 0.4)]


def test_a_training_that_ended_well_below_its_rung_has_reached_it() -> None:
    trial = trial_with((1, 0.9), rung=3)

    assert list(reached_at_end(trial, trial.newest, [], ENDED)) == [Reached("s-0000", 1, 3, 2, 0.4)]


@pytest.mark.parametrize(
    ("rung", "known", "ended"),
    [
        pytest.param(None, (), ENDED, id="no rung"),
        pytest.param(3, ((3, 0.5),), ENDED, id="known"),
        pytest.param(3, (), replace(ENDED, ending=Ending.FAILED), id="it failed"),
        pytest.param(3, (), replace(ENDED, ending=Ending.PREEMPTED), id="it was preempted"),
        pytest.param(3, (), replace(ENDED, ending=Ending.STOPPED), id="it was stopped"),
    ],
)
def test_otherwise_the_end_reaches_nothing(
    rung: float | None, known: tuple[tuple[float, float], ...], ended: Ended
) -> None:
    trial = trial_with(*known, rung=rung)

    assert list(reached_at_end(trial, trial.newest, [], ended)) == []


def test_an_end_without_a_value_ranks_last() -> None:
    trial = trial_with(rung=3)
    ended = replace(ENDED, objective=None, resource=None)

    (one,) = reached_at_end(trial, trial.newest, [], ended)

    assert (one.rung, one.resource) == (3, 3)
    assert math.isnan(one.value)
