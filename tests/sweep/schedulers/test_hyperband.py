"""Hyperband: brackets, rounds, and who goes on, as the paper and other systems have it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

from janitor.model.jobs import Cause, Ending
from janitor.model.ledger_items import Excluded, Launch
from janitor.sweep.schedulers import HyperbandScheduler
from tests.sweep.schedulers.playing import LIMITS, Play

NINE = HyperbandScheduler(9, metric="loss", resource="epoch")
"""Brackets: 9 trials at 1, 3, 9; 5 at 3, 9; 3 at 9."""


@pytest.mark.parametrize(
    ("most", "eta", "starts"),
    [
        pytest.param(
            81, 3, {1: 81, 3: 34, 9: 15, 27: 8, 81: 5}, id="paper, and Ray schedulerSetup"
        ),
        pytest.param(9, 3, {1: 9, 3: 5, 9: 3}, id="R = 9"),
        pytest.param(1000, 10, {1: 1000, 10: 134, 100: 20, 1000: 4}, id="Ray testConfigSameEta"),
        pytest.param(1, 3, {1: 1}, id="Ray testConfigSameEtaSmall"),
    ],
)
def test_brackets_start_with_so_many_trials_at_so_much_of_the_resource(
    most: float, eta: float, starts: dict[float, int]
) -> None:
    scheduler = HyperbandScheduler(most, eta=eta)
    play = Play(scheduler)
    play.step()
    trial = play.trial(0)
    count = sum(starts.values())
    first = []
    for index in range(2 * count):
        trial.index = index
        first.append(scheduler.milestones(trial)[0])

    assert Counter(first[:count]) == starts
    assert first[:count] == sorted(first[:count])
    assert first[count:] == first[:count]


@pytest.mark.parametrize("slots", [1, 4, 20])
def test_a_whole_cycle_trains_as_in_the_paper(slots: int) -> None:
    play = Play(NINE, slots=slots, trials=17)

    play.finish(lambda index, _: float(index))

    furthest = play.furthest()
    assert furthest[:9] == [9, 3, 3, 1, 1, 1, 1, 1, 1]
    assert furthest[9:14] == [9, 3, 3, 3, 3]
    assert furthest[14:] == [9, 9, 9]


def test_rounds_keep_the_same_trials_as_syne_tune() -> None:
    """Syne Tune test_hyperband_bracket: nine values, and the best four there; three here, ⌊9/3⌋."""
    values = dict(enumerate([3.0, 5.0, 1.0, 4.0, 9.0, 6.0, 2.0, 7.0, 8.0]))
    second = {2: 3.1, 6: 3.0, 0: 2.9}
    play = Play(NINE, slots=9, trials=9)

    play.finish(lambda index, budget: second[index] if budget == 3 else values[index])

    assert [index for index, level in enumerate(play.furthest()) if level >= 3] == [0, 2, 6]
    assert [index for index, level in enumerate(play.furthest()) if level == 9] == [0]


def test_a_round_is_decided_when_its_last_trial_is_known() -> None:
    play = Play(NINE, slots=9, trials=17)
    play.step()
    for index in range(8):
        play.train(index, float(index))
        assert all(cause == "first" for _, _, cause in play.launches())
    assert not play.stopped()

    play.train(8, -1.0)
    play.slots = 20
    found = play.step()

    promoted = [one.index for one in found if isinstance(one, Launch) and one.cause == "promoted"]
    assert promoted == [8, 0, 1]
    assert play.stopped().keys() == {2, 3, 4, 5, 6, 7}
    assert play.stopped()[7] == ("not promoted: loss = 7 is not in the best 3 of 9 at epoch 1")


def test_a_trial_that_failed_is_the_worst_of_its_round() -> None:
    play = Play(NINE, slots=9, trials=9, limits=replace(LIMITS, retries={}))

    play.finish(lambda index, _: float(index), dies=[(0, 1), (1, 3)])

    assert play.furthest() == [0, 1, 9, 3, 1, 1, 1, 1, 1]


def test_a_trial_that_is_preempted_is_waited_for() -> None:
    play = Play(NINE, slots=9, trials=9, limits=replace(LIMITS, retries={Cause.PREEMPTED: 1}))
    play.step()
    for index in range(8):
        play.train(index, float(index))
    play.end(8, None, Ending.PREEMPTED)

    assert play.launches() == [(8, 1, "preempted")]
    play.train(8, -1.0)
    assert [index for index, _, _ in play.launches()] == [8, 0, 1]


@pytest.mark.parametrize(("trials", "top"), [(1, 1), (2, 1), (5, 1), (11, 2), (14, 2), (15, 3)])
def test_a_smaller_last_bracket_still_trains_one_trial_to_the_end(trials: int, top: int) -> None:
    play = Play(NINE, slots=3, trials=trials)

    play.finish(lambda index, _: float(index))

    assert play.furthest().count(9) == top


def test_a_value_that_is_not_finite_is_never_continued() -> None:
    play = Play(NINE, slots=9, trials=9)

    play.finish(lambda index, _: math.nan if index < 8 else 1.0)

    assert play.furthest() == [*[1] * 8, 9]


def test_an_excluded_trial_ends_with_the_sweep() -> None:
    play = Play(NINE, slots=9, trials=9)
    play.step()
    play.train(0, 0.0)
    play.building.add(Excluded("s-0000", "wrong data"))

    play.finish(lambda index, _: float(index))

    assert play.furthest() == [1, 9, 3, 3, 1, 1, 1, 1, 1]
    assert play.stopped()[0] == "not promoted: it was excluded"
