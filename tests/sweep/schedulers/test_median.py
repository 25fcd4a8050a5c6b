"""The median stopping rule, as the paper and tests of other systems have it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from janitor.model.ledger_items import Excluded
from janitor.sweep.schedulers import MedianScheduler
from tests.sweep.schedulers.playing import Play

RAY = MedianScheduler(20, min_trials=1, sign=1, metric="reward")
"""Ray counts from 0, so its time is one less."""


def play_of(scheduler: MedianScheduler, *curves: Sequence[float]) -> Play:
    """A sweep with these curves, and one more trial."""
    play = Play(scheduler, slots=len(curves) + 1, trials=len(curves) + 1)
    play.step()
    for index, curve in enumerate(curves):
        for number, value in enumerate(curve, 1):
            play.report(index, number, value)
    return play


def stops_at(play: Play, index: int, curve: Sequence[float]) -> int | None:
    """After which report a trial is stopped."""
    for number, value in enumerate(curve, 1):
        play.report(index, number, value)
        play.step()
        if index in play.stopped():
            return number
    return None


RISING = [100.0 * number for number in range(10)]
FLAT = [450.0] * 5


def test_ray_constant_performance() -> None:
    """Ray testMedianStoppingConstantPerf: 450 continues, 0 later too, and stops at 10."""
    play = play_of(RAY, [*RISING, 1000.0])

    assert stops_at(play, 1, [*FLAT, 450.0, 0.0, 0.0, 0.0, 0.0, 450.0]) == 11


def test_ray_grace_period() -> None:
    """Ray testMedianStoppingGracePeriod: 2.5, so the third report stops."""
    play = play_of(replace(RAY, grace=2.5), RISING, [450.0] * 10)

    assert stops_at(play, 2, [10.0, 10.0, 10.0]) == 3


def test_ray_minimum_of_samples() -> None:
    """Ray testMedianStoppingMinSamples: one curve that comes as far is too few for two."""
    assert stops_at(play_of(replace(RAY, min_trials=2), RISING), 1, [10.0] * 6) is None
    curves = [RISING, [*FLAT, 1000.0]]
    assert stops_at(play_of(replace(RAY, min_trials=2), *curves), 2, [10.0] * 6) == 1


def test_ray_uses_the_median() -> None:
    """Ray testMedianStoppingUsesMedian: 260 against averages of 50 and 450, then of 100 and 450."""
    assert stops_at(play_of(RAY, RISING, [450.0] * 10), 2, [260.0] * 5) == 3


def test_it_is_a_median_and_not_a_mean() -> None:
    """Katib's medianstop takes the mean, which one good trial moves."""
    curves = [[1.0], [1.0], [1.0], [1.0], [100.0]]

    assert stops_at(play_of(replace(RAY, min_trials=5), *curves), 5, [2.0]) is None
    assert stops_at(play_of(replace(RAY, min_trials=5), *curves), 5, [0.5]) == 1


def test_the_best_value_so_far_counts_and_not_the_last() -> None:
    curves = [[1.0, 1.0, 1.0]] * 3

    assert stops_at(play_of(RAY, *curves), 3, [2.0, 0.0, 0.0]) is None


def test_low_values_are_good_when_minimizing() -> None:
    curves = [[1.0, 1.0]] * 3
    scheduler = replace(RAY, sign=-1, metric="loss", resource="epoch")
    play = play_of(scheduler, *curves)

    assert stops_at(play, 3, [1.0, 0.5]) is None
    play = play_of(scheduler, *curves)
    assert stops_at(play, 3, [1.5]) == 1
    assert play.stopped()[3] == (
        "loss = 1.5 at best is worse than 1, the median of 3 other trials at epoch 1"
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_bad_value_stops_nobody_else(bad: float) -> None:
    """Ray #65957: one NaN stopped all trials."""
    play = play_of(RAY, [bad, bad], [1.0, 1.0], [1.0, 1.0])

    assert stops_at(play, 3, [1.0, 1.0]) is None
    assert stops_at(play_of(RAY, [1.0], [1.0], [1.0]), 3, [bad]) == 1


def test_an_excluded_curve_does_not_count() -> None:
    play = play_of(RAY, [1.0], [5.0], [5.0])
    play.building.add(Excluded("s-0001", "wrong data"))
    play.building.add(Excluded("s-0002", "wrong data"))

    assert stops_at(play, 3, [2.0]) is None


def test_comparisons_are_at_multiples_of_the_interval() -> None:
    play = play_of(replace(RAY, interval=0.1, most=0.35))

    assert RAY.milestones(play.trial(0)) == list(range(1, 21))
    assert list(play.scheduler.milestones(play.trial(0))) == [0.1, 0.2, 0.3]


def test_trainings_end_by_themselves() -> None:
    assert play_of(RAY).trial(0).newest.launch.budget is None


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([0.0, 1.0, 2.0, 5.0, math.nan])), max_size=30
    ),
    st.sets(st.integers(0, 30)),
)
def test_who_is_stopped_does_not_depend_on_how_often_a_step_looks(
    reports: list[tuple[int, float]], looks: set[int]
) -> None:
    plays = [Play(replace(RAY, min_trials=2), slots=5, trials=5) for _ in range(3)]
    for play in plays:
        play.step()
    reached = [0] * 5
    for number, (index, value) in enumerate(reports):
        reached[index] += 1
        for play in plays:
            play.report(index, reached[index], value)
        plays[0].step()
        if number in looks:
            plays[1].step()
    for play in plays:
        play.step()

    assert plays[0].stopped() == plays[1].stopped() == plays[2].stopped()
