"""Population based training: who copies whom, from where, and the paper's toy problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from janitor.model.jobs import Cause, Ending, JobStatus
from janitor.model.ledger_items import Complete, Excluded, Launch, Stop
from janitor.sweep.config.parameters import Parameters
from janitor.sweep.decide import decide
from janitor.sweep.optimizers import RandomOptimizer
from janitor.sweep.schedulers import PBTScheduler
from janitor.sweep.schedulers.exploring import Explore
from janitor.sweep.seeds import Numbers
from tests.sweep.schedulers.playing import LIMITS, NOW, Play

H = {"h0": {"min": 0.0, "max": 1.0}, "h1": {"min": 0.0, "max": 1.0}}
MAXIMIZE = replace(LIMITS, goal="maximize")


def pbt(parameters: Mapping[str, Any] = H, **settings: Any) -> PBTScheduler:
    given = {"population": 10, "interval": 4, "most": 12, "sign": 1, "metric": "score", **settings}
    return PBTScheduler(Parameters(parameters).space, **given)


def play_of(scheduler: PBTScheduler, slots: int = 10, **settings: Any) -> Play:
    optimizer = RandomOptimizer(scheduler.space)
    return Play(scheduler, slots, limits=replace(MAXIMIZE, **settings), optimizer=optimizer)


def generation(play: Play, scores: Mapping[int, float | None]) -> dict[int, Launch]:
    """Let a generation end with these scores by member; the launches of the next one by member."""
    members = {index % 10: index for index in play.open()}
    for member, index in members.items():
        score = scores.get(member, float(member))
        if score is None:
            play.end(index, None, Ending.FAILED)
        else:
            play.end(index, score)
    return {one.index % 10: one for one in play.step() if isinstance(one, Launch)}


def test_the_worst_copy_one_of_the_best_and_the_others_go_on() -> None:
    play = play_of(pbt())
    play.step()
    first = {index: dict(play.trial(index).params) for index in range(10)}

    launches = generation(play, {})

    assert {member: one.index for member, one in launches.items()} == {
        member: 10 + member for member in range(10)
    }
    assert [member for member, one in launches.items() if one.cause is Cause.EXPLOITED] == [0, 1]
    for member, one in launches.items():
        assert (one.budget, one.attempt, one.rung) == (8, 1, None)
        if one.cause is Cause.EXPLOITED:
            assert one.resume_from in {"s-0008", "s-0009"}
            assert one.params not in first.values()
        else:
            assert one.resume_from == f"s-{member:04d}"
            assert one.params == first[member]


def test_the_lineage_and_the_ranks_are_recorded() -> None:
    play = play_of(pbt())
    play.step()

    launches = generation(play, {})

    memory = launches[1].memory["pbt"]
    assert memory["parent"] == launches[1].resume_from
    assert (memory["generation"], memory["member"]) == (1, 1)
    assert memory["best"] == [["s-0009", 9.0], ["s-0008", 8.0]]
    assert memory["worst"] == [["s-0001", 1.0], ["s-0000", 0.0]]
    assert launches[1].reason.startswith("score = 1 is in the worst 2 of 10; it copies s-000")
    assert launches[2].reason == "score = 2 is not in the worst 2 of 10; it goes on"


@pytest.mark.parametrize(
    ("share", "population", "count"),
    [(0.2, 10, 2), (0.25, 10, 3), (0.5, 10, 5), (0.25, 4, 1), (0.2, 2, 1), (0.5, 3, 1)],
)
def test_so_many_members_copy_others(share: float, population: int, count: int) -> None:
    """Ray's ⌈share · n⌉, at most half."""
    play = play_of(pbt(share=share, population=population), slots=population)
    play.step()
    for index in range(population):
        play.end(index, float(index))

    causes = [one.cause for one in play.step() if isinstance(one, Launch)]
    assert causes.count(Cause.EXPLOITED) == count


def test_a_generation_waits_for_its_last_member() -> None:
    play = play_of(pbt(), slots=12)
    play.step()
    for index in range(9):
        play.end(index, 1.0)

    assert play.launches() == []
    assert "generation 0 is not complete" in [one.reason for one in play.decided().waits]


def test_a_member_that_failed_ranks_last_and_is_replaced() -> None:
    play = play_of(pbt(), retries={})
    play.step()

    launches = generation(play, {9: None, 8: None, 7: None})

    exploited = [member for member, one in launches.items() if one.cause is Cause.EXPLOITED]
    assert exploited == [7, 8, 9]
    assert {launches[member].resume_from for member in exploited} <= {"s-0005", "s-0006"}
    assert "did not end well" in launches[7].reason


def test_a_member_that_was_preempted_is_waited_for() -> None:
    play = play_of(pbt(), retries={Cause.PREEMPTED: 1})
    play.step()
    for index in range(9):
        play.end(index, 1.0)
    play.end(9, None, Ending.PREEMPTED)

    assert play.launches() == [(9, 4, "preempted")]


def test_an_excluded_member_is_not_copied() -> None:
    play = play_of(pbt())
    play.step()
    play.building.add(Excluded("s-0009", "wrong data"))

    launches = generation(play, {})

    assert launches[9].cause is Cause.EXPLOITED
    assert {one.resume_from for one in launches.values() if one.cause is Cause.EXPLOITED} <= {
        "s-0007", "s-0008",
    }  # fmt: skip


def test_nothing_goes_on_if_every_member_failed() -> None:
    play = play_of(pbt(), retries={})
    play.step()

    assert generation(play, dict.fromkeys(range(10))) == {}
    assert play.decided().is_done


def test_members_that_are_too_late_are_stopped_and_replaced() -> None:
    play = play_of(pbt(timeout=60), slots=12)
    play.step()
    for index in range(9):
        play.end(index, 1.0)
    assert play.optimizer is not None
    limits = replace(play.limits, max_parallel_jobs=12)
    later = NOW + timedelta(seconds=61)

    found = decide(play.ledger, limits, play.scheduler, play.optimizer, later).decisions

    (stop,) = [one for one in found if isinstance(one, Stop)]
    assert (stop.run, stop.status) == ("s-0009", JobStatus.PRUNED)
    for one in found:
        if isinstance(one, Complete | Stop):
            play.building.add(one)
    play.end(9, None, Ending.STOPPED)
    again = decide(play.ledger, limits, play.scheduler, play.optimizer, NOW).decisions
    causes = {one.index % 10: one.cause for one in again if isinstance(one, Launch)}
    assert causes[9] is Cause.EXPLOITED


def test_the_sweep_ends_after_the_last_generation() -> None:
    play = play_of(pbt(most=10), slots=3)

    play.finish(lambda index, _: float(index))

    assert len(play.ledger.trials) == 30
    budgets = {trial.trainings[0].launch.budget for trial in play.ledger.trials.values()}
    assert budgets == {4, 8, 10}
    assert {trial.end.status for trial in play.ledger.trials.values() if trial.end} == {
        JobStatus.COMPLETED
    }


def test_a_smaller_space_gives_a_smaller_population() -> None:
    play = Play(pbt(), slots=10, trials=3, limits=MAXIMIZE)

    play.finish(lambda index, _: float(index))

    assert sorted(trial.index for trial in play.ledger.trials.values()) == [
        0, 1, 2, 10, 11, 12, 20, 21, 22,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "value", "expected"),
    [
        ({"min": 0.0, "max": 1.0}, 0.5, {0.4, 0.6}),
        ({"min": 0.0, "max": 1.0}, 0.9, {0.9 * 0.8, 1.0}),
        ({"min": 0.45, "max": 1.0}, 0.5, {0.45, 0.6}),
        ({"min": 1, "max": 9}, 5, {4, 6}),
        ({"min": 1, "max": 9}, 1, {1, 2}),
        ({"min": 1, "max": 9}, 9, {7, 9}),
        ({"values": [1, 2, 4]}, 2, {1, 4}),
        ({"values": [1, 2, 4]}, 4, {2, 4}),
        ({"value": 3}, 3, {3}),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25}, 0.5, {0.5}),
        ({"distribution": "q_uniform", "min": 0, "max": 64, "q": 8}, 32, {24, 40}),
        ({"distribution": "log_uniform_values", "min": 0.001, "max": 0.1}, 0.1, {0.08, 0.1}),
        ({"distribution": "log_uniform", "min": 0, "max": 1}, 1.0, {1.0, 1.2}),
        ({"distribution": "normal"}, -1.0, {-0.8, -1.2}),
        ({"values": ["adam", "sgd"]}, "adam", {"adam", "sgd"}),
        ({"values": [True, False]}, True, {True, False}),
    ],
)
def test_values_are_perturbed_shifted_and_clipped_to_their_domain(
    settings: Mapping[str, Any], value: Any, expected: set[Any]
) -> None:
    space = Parameters({"x": settings}).space

    found = {
        Explore(space, Numbers(seed), resample=0.0).changed({"x": value})["x"] for seed in range(50)
    }

    assert set(map(_rounded, found)) == set(map(_rounded, expected))


def _rounded(value: Any) -> Any:
    return round(value, 9) if isinstance(value, float) else value


def test_values_are_drawn_again_with_the_given_probability() -> None:
    space = Parameters({"x": {"min": 0.0, "max": 1.0}}).space
    found = [Explore(space, Numbers(seed)).changed({"x": 0.5})["x"] for seed in range(2000)]

    assert sum(one not in {0.4, 0.6} for one in found) / 2000 == pytest.approx(0.25, abs=0.03)


def test_conditional_and_zipped_parameters_stay_consistent() -> None:
    space = Parameters(
        {
            "optimizer": {"values": ["adam", "sgd"]},
            "beta": {"min": 0.5, "max": 1.0, "when": {"optimizer": "adam"}},
            "width": {"values": [8, 16, 32], "zip": "size"},
            "depth": {"values": [1, 2, 3], "zip": "size"},
        }
    ).space
    for seed in range(60):
        found = Explore(space, Numbers(seed)).changed({"optimizer": "sgd", "width": 16, "depth": 2})
        assert ("beta" in found) == (found["optimizer"] == "adam")
        assert (found["width"], found["depth"]) in {(8, 1), (16, 2), (32, 3)}
