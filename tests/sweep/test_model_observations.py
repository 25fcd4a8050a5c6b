"""What a model optimizer knows of a sweep, and what it does about duplicates and edits."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from janitor.model.jobs import Cause, JobStatus, JobTypes
from janitor.model.ledger_items import (
    Complete,
    Excluded,
    Fix,
    Launch,
    Overruled,
)
from janitor.sweep.config.space import Space, canonical
from janitor.sweep.optimizers.samplers import Kind
from janitor.sweep.ports import Exhausted, Suggestion
from janitor.sweep.seeds import run_id
from tests.sweep.ledgers import Building
from tests.sweep.modelling import (
    SPACE,
    Sweeping,
    loss,
    optimizer,
    suggested,
)
from tests.sweep.test_optimizers import space_of

# -- what a model sees


def test_failed_trials_count_as_the_worst_one_so_that_a_bad_region_is_left() -> None:
    """Wherever x > 0, training fails."""
    counts = {}
    for failed in ("worst", "ignore"):
        sweep, count = Sweeping(), 0
        for index in range(60):
            answer = suggested(optimizer("tpe", failed=failed).suggest(sweep.ledger, index))
            run = sweep.launch(answer, index)
            if answer.params["x"] > 0:
                count += 1
                sweep.add(Complete(run, JobStatus.FAILED, ""))
            else:
                sweep.complete(run, loss(answer.params))
        counts[failed] = count
    assert counts["worst"] < counts["ignore"]


def test_open_trials_repel_the_next_suggestion() -> None:
    sweep = Sweeping()
    for index in range(20):
        answer = suggested(optimizer("tpe").suggest(sweep.ledger, index))
        sweep.complete(sweep.launch(answer, index), loss(answer.params))
    alone = suggested(optimizer("tpe").suggest(sweep.ledger, 40))
    for index in range(20, 30):
        sweep.launch(Suggestion({**alone.params, "k": index}, ""), index)
    beside = suggested(optimizer("tpe").suggest(sweep.ledger, 40))
    assert "10 open" in beside.reason
    assert abs(beside.params["x"] - alone.params["x"]) > 0.01


@pytest.mark.parametrize("objective", [None, math.nan, math.inf])
def test_a_success_without_a_finite_objective_teaches_nothing(objective: float | None) -> None:
    """A person may call a run a success."""
    sweep = fill(SPACE)
    run = sweep.launch(Suggestion({"x": 0.0, "y": 1.0, "k": 3}, ""), 20)
    sweep.add(Overruled(run, JobStatus.COMPLETED, "a person said so", objective))
    for kind in ("tpe", "cmaes", "nsga2"):
        answer = suggested(optimizer(kind).suggest(sweep.ledger, 21))
        assert "from 20 complete trials" in answer.reason


def test_an_excluded_trial_is_not_seen() -> None:
    sweep = Sweeping()
    for index in range(30):
        answer = suggested(optimizer("tpe").suggest(sweep.ledger, index))
        sweep.complete(sweep.launch(answer, index), loss(answer.params))
    before = suggested(optimizer("tpe").suggest(sweep.ledger, 30))
    sweep.add(Excluded("s-0003", "a broken node"))
    after = suggested(optimizer("tpe").suggest(sweep.ledger, 30))
    assert "from 30 complete" in before.reason
    assert "from 29 complete" in after.reason


# -- edited spaces, points, duplicates


def fill(space: Space, kind: Kind = "tpe", count: int = 20) -> Sweeping:
    sweep = Sweeping()
    for index in range(count):
        answer = suggested(optimizer(kind, space).suggest(sweep.ledger, index))
        sweep.complete(sweep.launch(answer, index), float(index))
    return sweep


def test_observations_outside_an_edited_space_are_left_out_and_counted() -> None:
    sweep = fill(space_of(x={"min": 0.0, "max": 1.0}))
    narrow = space_of(x={"min": 0.0, "max": 0.5})
    outside = sum(trial.params["x"] > 0.5 for trial in sweep.ledger.trials.values())
    answer = suggested(optimizer("tpe", narrow).suggest(sweep.ledger, 20))
    assert 0 < outside < 20
    assert f"from {20 - outside} complete" in answer.reason
    assert f"{outside} outside the search space are left out" in answer.reason
    assert answer.params["x"] <= 0.5


@pytest.mark.parametrize(("default", "seen"), [({"default": 0.1}, 20), ({}, 0)])
def test_a_new_parameter_had_its_default_in_older_trials(
    default: Mapping[str, float], seen: int
) -> None:
    sweep = fill(space_of(x={"min": 0.0, "max": 1.0}))
    wider = space_of(x={"min": 0.0, "max": 1.0}, dropout={"min": 0.0, "max": 0.5, **default})
    answer = suggested(optimizer("tpe", wider).suggest(sweep.ledger, 20))
    assert answer.params.keys() == {"x", "dropout"}
    assert (f"from {seen} complete" in answer.reason) == bool(seen)


@pytest.mark.parametrize("kind", ["cmaes", "nsga2"])
def test_generations_begin_again_in_an_edited_space(kind: Kind) -> None:
    sweep = fill(space_of(x={"min": 0.0, "max": 1.0}, y={"min": 0.0, "max": 1.0}), kind, 40)
    other = space_of(x={"min": 0.0, "max": 1.0}, y={"min": 0.0, "max": 2.0})
    answer = suggested(optimizer(kind, other).suggest(sweep.ledger, 40))
    assert answer.memory["generation"] == 0


def test_points_are_tried_first_and_known_ones_not_again() -> None:
    sweep = Sweeping()
    points = [{"x": 0.5}, {"x": 0.25}]
    made = optimizer("tpe", space_of(x={"min": 0.0, "max": 1.0}), points=points)
    for index, point in enumerate(points):
        answer = suggested(made.suggest(sweep.ledger, index))
        assert answer.params == point
        sweep.complete(sweep.launch(answer, index), 0.0)
    assert suggested(made.suggest(sweep.ledger, 2)).params not in points


@pytest.mark.parametrize("kind", ["tpe", "qmc", "nsga2"])
def test_a_finite_space_is_searched_without_repeats_and_to_its_end(kind: Kind) -> None:
    space = space_of(a={"min": 1, "max": 4}, b={"values": ["x", "y", "z"]})
    sweep, found, reasons = Sweeping(), set(), []
    for index in range(12):
        answer = suggested(optimizer(kind, space, n_startup=None).suggest(sweep.ledger, index))
        found.add(canonical(answer.params))
        reasons.append(answer.reason)
        sweep.complete(sweep.launch(answer, index), float(answer.params["a"]))
    assert len(found) == 12
    assert any("nearest configuration without one" in reason for reason in reasons)
    assert isinstance(optimizer(kind, space).suggest(sweep.ledger, 12), Exhausted)


def test_a_fixed_parameter_has_its_value_in_every_suggestion() -> None:
    sweep = fill(SPACE)
    sweep.add(Fix("x", 1.0, "it does not matter"))
    for kind in ("tpe", "cmaes", "qmc", "nsga2"):
        answer = suggested(optimizer(kind).suggest(sweep.ledger, 20))
        assert answer.params["x"] == 1.0
        assert "from 20 complete" in answer.reason


def test_repeats_are_one_observation_with_their_mean() -> None:
    building = Building()
    for repeat in range(3):
        run = run_id("s", 0, repeat)
        params = {"x": 0.5, "y": 0.1, "k": 3}
        launch = Launch(
            run, 0, 1, JobTypes.LAUNCH_TRAINING, Cause.FIRST, "", 1, 0, repeat, params=params
        )
        building.add(launch)
        if repeat == 1:
            assert "2 open" not in suggested(optimizer("tpe").suggest(building.ledger, 1)).reason
        building.add(Complete(run, JobStatus.COMPLETED, "", float(repeat)))
    seen, _ = optimizer("tpe")._seen.of(building.ledger)  # noqa: SLF001 - what a model sees
    assert [(point.status, point.value) for point in seen] == [("complete", 1.0)]
