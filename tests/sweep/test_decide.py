"""decide(): completions, retries, evaluations, brakes and budgets. Pure."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from janitor.model.jobs import Cause, Ending, JobStatus
from janitor.model.ledger_items import (
    Complete,
    Ended,
    Launch,
    Paused,
    Refused,
    RepairHeld,
    Resumed,
    Stop,
    Stopping,
)
from janitor.sweep.config.parameters import Parameters
from janitor.sweep.decide import Decided, decide
from janitor.sweep.limits import Limits
from janitor.sweep.optimizers import GridSearchOptimizer
from janitor.sweep.schedulers import ParallelScheduler, SequentialScheduler
from tests.sweep.ledgers import AT, EVAL, TRAIN, Building

NOW = datetime.fromisoformat(AT)
GRID = GridSearchOptimizer(Parameters({"x": {"values": [1, 2, 3, 4]}}).space)
RETRIES = {Cause.PREEMPTED: 5, Cause.LOST: 2, Cause.TIMEOUT: 1, Cause.FAILED: 0}
LIMITS = Limits(max_parallel_jobs=2, metric="loss", retries=RETRIES)


def decided(
    building: Building, limits: Limits = LIMITS, now: datetime = NOW, **scheduler: Any
) -> Decided:
    found = decide(building.ledger, limits, ParallelScheduler(**scheduler), GRID, now)
    again = decide(building.ledger, limits, ParallelScheduler(**scheduler), GRID, now)
    assert found == again
    return found


def launched(found: Decided) -> list[tuple[str, int, str]]:
    return [
        (each.run, each.attempt, each.cause) for each in found.decisions if isinstance(each, Launch)
    ]


def test_free_slots_get_new_trials() -> None:
    found = decided(Building())

    assert launched(found) == [("s-0000", 1, "first"), ("s-0001", 1, "first")]
    assert [each.params for each in found.decisions if isinstance(each, Launch)] == [
        {"x": 1},
        {"x": 2},
    ]


def test_the_sequential_scheduler_has_one_slot() -> None:
    found = decide(Building().ledger, LIMITS, SequentialScheduler(), GRID, NOW)

    assert launched(found) == [("s-0000", 1, "first")]


def test_repeats_follow_each_other_with_the_same_params_and_other_seeds() -> None:
    found = decided(Building(), replace(LIMITS, max_parallel_jobs=3), repeats=2)

    launches = [each for each in found.decisions if isinstance(each, Launch)]
    assert [(each.run, each.params["x"]) for each in launches] == [
        ("s-0000", 1),
        ("s-0000-r1", 1),
        ("s-0001", 2),
    ]
    assert len({each.seed for each in launches}) == 3


def test_a_training_that_ended_well_is_complete() -> None:
    building = Building().launch(0, {"x": 1}).end(0, objective=0.5)

    first = decided(building).decisions[0]

    assert isinstance(first, Complete)
    assert (first.status, first.objective) == (JobStatus.COMPLETED, 0.5)


@pytest.mark.parametrize("objective", [None, float("nan"), float("inf")])
def test_a_training_without_a_finite_objective_failed(objective: float | None) -> None:
    building = Building().launch(0, {"x": 1}).end(0, objective=objective)

    first = decided(building).decisions[0]

    assert isinstance(first, Complete)
    assert first.status is JobStatus.FAILED


@pytest.mark.parametrize(
    ("ending", "attempts", "status"),
    [
        (Ending.FAILED, 1, JobStatus.FAILED),
        (Ending.TIMEOUT, 2, JobStatus.STALE),
        (Ending.LOST, 3, JobStatus.STALE),
        (Ending.PREEMPTED, 6, JobStatus.STALE),
    ],
)
def test_each_cause_has_its_own_retries(ending: Ending, attempts: int, status: JobStatus) -> None:
    building = Building().launch(0, {"x": 1})
    for attempt in range(1, 10):
        building.end(0, ending, attempt=attempt)
        found = decided(building)
        retries = [each for each in found.decisions if isinstance(each, Launch) and each.index == 0]
        if not retries:
            break
        assert retries[0].attempt == attempt + 1
        building.add(retries[0])

    (end,) = (each for each in found.decisions if isinstance(each, Complete))
    assert (attempt, end.status) == (attempts, status)


def test_an_evaluation_follows_the_training_before_a_new_training() -> None:
    limits = replace(LIMITS, evaluates=True, max_parallel_jobs=1)
    building = Building().launch(0, {"x": 1}).end(0)

    (launch,) = decided(building, limits).decisions
    assert isinstance(launch, Launch)
    assert (launch.kind, launch.run) == (EVAL, "s-0000")

    building.add(launch).end(0, Ending.LOST, kind=EVAL)
    (retry,) = decided(building, limits).decisions
    assert isinstance(retry, Launch)
    assert (retry.kind, retry.attempt, retry.cause) == (EVAL, 2, Cause.LOST)

    building.add(retry).end(0, objective=0.25, attempt=2, kind=EVAL)
    end = decided(building, limits).decisions[0]
    assert isinstance(end, Complete)
    assert end.objective == 0.25


def test_the_grid_ends_and_the_sweep_is_done() -> None:
    building = Building()
    for index in range(4):
        building.launch(index, {"x": index + 1}).end(index)
        building.add(Complete(f"s-{index:04d}", JobStatus.COMPLETED, "well", 1.0))

    found = decided(building)

    assert found.decisions == []
    assert found.is_done
    assert "all 4 points" in found.waits[0].reason


def test_run_cap_counts_configurations() -> None:
    assert len(launched(decided(Building(), replace(LIMITS, run_cap=1)))) == 1


def test_the_target_ends_the_sweep() -> None:
    building = Building().launch(0, {"x": 1}).end(0, objective=0.5)

    found = decided(building, replace(LIMITS, target=0.6))

    assert [type(each) for each in found.decisions] == [Complete, Stopping]


def test_stopping_lets_jobs_finish_and_stopping_now_cancels_them() -> None:
    drain = Building().launch(0, {"x": 1}).add(Stopping(now=False, by="person", reason="enough"))
    at_once = Building().launch(0, {"x": 1}).add(Stopping(now=True, by="person", reason="enough"))

    assert decided(drain).decisions == []
    (stop,) = decided(at_once).decisions
    assert isinstance(stop, Stop)
    assert stop.status is JobStatus.CANCELLED


def test_a_pause_and_a_held_repair_forbid_launches() -> None:
    for item in (Paused("person", "lunch"), RepairHeld(is_held=True, reason="outage")):
        found = decided(Building().add(item))
        assert found.decisions == []
        assert item.reason in found.waits[0].reason


def failed(building: Building, count: int, good: int = 0) -> Building:
    for index in range(count + good):
        building.launch(index, {"x": index}).end(index)
        status = JobStatus.COMPLETED if index < good else JobStatus.FAILED
        building.add(Complete(f"s-{index:04d}", status, "r", 1.0 if index < good else None))
    return building


@pytest.mark.parametrize(
    ("bad", "good", "pauses"),
    [(4, 0, 0), (5, 0, 1), (5, 1, 0), (6, 5, 1), (5, 5, 0)],
)
def test_failures_pause_the_sweep(bad: int, good: int, pauses: int) -> None:
    found = decided(failed(Building(), bad, good))

    assert sum(isinstance(each, Paused) for each in found.decisions) == pauses


def test_the_brake_counts_again_after_a_resumption() -> None:
    building = failed(Building(), 5).add(Paused("brake", "r")).add(Resumed("looked"))

    assert not [each for each in decided(building).decisions if isinstance(each, Paused)]


def test_budgets_pause_the_sweep() -> None:
    building = Building().launch(0, {"x": 1})
    later = NOW.astimezone(UTC) + timedelta(hours=2)

    by_time = decided(building, replace(LIMITS, deadline=3600.0), later).decisions
    by_gpus = decided(building, replace(LIMITS, gpus=4, gpu_hours=7.0), later).decisions

    assert isinstance(by_time[0], Paused)
    assert isinstance(by_gpus[0], Paused)
    assert "8.0 GPU-hours of 7" in by_gpus[0].reason


def test_refusals_in_a_row_pause_the_sweep() -> None:
    building = Building().launch(0, {"x": 1})
    for _ in range(5):
        building.add(Refused("s-0000", 1, TRAIN, "invalid partition"))

    first = decided(building).decisions[0]

    assert isinstance(first, Paused)
    assert "invalid partition" in first.reason


def test_a_decision_does_not_change_the_ledger() -> None:
    building = Building().launch(0, {"x": 1}).end(0)
    before = repr(building.ledger)

    decided(building)

    assert repr(building.ledger) == before


def test_a_fork_and_its_origin_do_not_see_each_others_changes() -> None:
    building = Building().launch(0).launch(1)
    fork = building.ledger.fork()
    before = copy.deepcopy(building.ledger)

    fork.decide(Complete("s-0000", JobStatus.COMPLETED, "", 1.0))
    building.end(1)

    assert building.ledger.trials["s-0000"] == before.trials["s-0000"]
    assert fork.trials["s-0001"] == before.trials["s-0001"]
    assert [trial.run for trial in fork.unfinished()] == ["s-0000", "s-0001"]
    fork.decide(Ended("s-0000", 1, TRAIN, Ending.OK, "it ended"))
    assert [trial.run for trial in fork.unfinished()] == ["s-0001"]
    assert fork.indexes == building.ledger.indexes == 2


def test_a_sweep_with_nothing_left_is_done_whatever_budget_is_used_up_then() -> None:
    building = Building()
    for index, x in enumerate((1, 2, 3, 4)):
        building.launch(index, {"x": x}).end(index, objective=1.0)
    for decision in decided(building).decisions:
        building.add(decision)  # type: ignore[arg-type] # there is no Wait among decisions
    later = NOW + timedelta(hours=2)

    found = decided(building, replace(LIMITS, deadline=3600.0), later)

    assert (found.decisions, found.is_done) == ([], True)


@pytest.mark.parametrize(("by", "is_done"), [("person", True), ("budget", True), ("brake", False)])
def test_a_pause_of_a_sweep_with_nothing_left(by: Any, is_done: bool) -> None:  # noqa: FBT001 - a parameter of a test
    building = Building()
    for index, x in enumerate((1, 2, 3, 4)):
        building.launch(index, {"x": x}).end(index, objective=1.0)
    for decision in decided(building).decisions:
        building.add(decision)  # type: ignore[arg-type] # there is no Wait among decisions

    assert decided(building.add(Paused(by, "why"))).is_done is is_done


def test_an_open_grid_that_is_paused_is_not_done() -> None:
    building = Building().launch(0, {"x": 1}).end(0)
    for decision in decided(building, replace(LIMITS, max_parallel_jobs=0)).decisions:
        building.add(decision)  # type: ignore[arg-type] # as above

    found = decided(building.add(Paused("person", "why")))

    assert (found.is_done, len(found.waits)) == (False, 1)
