"""ASHA, mode promote: who is promoted, and when, as the paper and tests of other systems say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from janitor.model.jobs import Cause, Ending, JobStatus
from janitor.model.ledger_items import Excluded, Launch, Stopping
from janitor.model.trial import status_in_ledger
from janitor.sweep.schedulers import ASHAScheduler
from tests.sweep.schedulers.playing import LIMITS, Play

ASHA = ASHAScheduler(9, metric="loss", resource="epoch")
NAN = math.nan
Rungs = Mapping[float, list[tuple[int, float]]]
"""The trials with a value at each rung, as (index, value)."""


def with_rungs(rungs: Rungs, **settings: object) -> Play:
    """A sweep whose trials wait at these rungs, as (index, value), and that has one free slot."""
    trials = 1 + max(index for values in rungs.values() for index, _ in values)
    play = Play(replace(ASHA, **settings), slots=trials, trials=trials)  # type: ignore[arg-type] # settings of ASHA
    play.step()
    for index in range(trials):
        levels = sorted(level for level in rungs if index in dict(rungs[level]))
        for number, level in enumerate(levels):
            if number:
                play.building.launch(index, attempt=number + 1, cause=Cause.PROMOTED, rung=level)
            play.report(index, level, dict(rungs[level])[index])
            play.end(index)
    return play


def promoted(play: Play, most: int = 100) -> list[tuple[int, float | None]]:
    """The promotions of one step with so many slots, as (index, budget)."""
    play.slots = most
    return [(index, budget) for index, budget, cause in play.launches() if cause == "promoted"]


ORION_RUNG_0 = [(index, float(index)) for index in range(9)]


@pytest.mark.parametrize(
    ("rungs", "expected"),
    [
        pytest.param(
            {1: ORION_RUNG_0}, [(0, 3), (1, 3), (2, 3)], id="Orion test_candidate_promotion"
        ),
        pytest.param(
            {1: ORION_RUNG_0, 3: [(0, 0.0)]},
            [(1, 3), (2, 3)],
            id="Orion test_promotion_with_rung_1_hit",
        ),
        pytest.param(
            {1: ORION_RUNG_0, 3: ORION_RUNG_0[:3], 9: [(0, 0.0)]},
            [],
            id="Orion test_no_promotion_when_rung_full",
        ),
        pytest.param({1: [(0, 0.0)]}, [], id="Orion test_no_promotion_if_not_enough_points"),
        pytest.param(
            {1: ORION_RUNG_0[:3], 3: ORION_RUNG_0[:3]},
            [(0, 9)],
            id="Orion test_update_rungs_return_candidate",
        ),
        pytest.param(
            {
                1: [(index, float(index)) for index in range(27)],
                3: [(index, float(index)) for index in range(21, 27)],
            },
            [(21, 9), (22, 9), *((index, 3) for index in range(9))],
            id="Orion test_update_rungs_return_candidates",
        ),
        pytest.param({1: [(0, NAN), (1, 2.0), (2, 1.0)]}, [(2, 3)], id="NaN ranks last"),
        pytest.param({1: [(0, NAN), (1, NAN), (2, NAN)]}, [], id="NaN is never promoted"),
        pytest.param({1: [(0, 1.0), (1, 1.0), (2, 1.0)]}, [(0, 3)], id="equals in their order"),
        pytest.param({1: [(0, 3.0), (1, 2.0)]}, [], id="⌊2/3⌋ is none"),
        pytest.param(
            {1: [(index, -float(index)) for index in range(5)]}, [(4, 3)], id="⌊5/3⌋ is one"
        ),
    ],
)
def test_trials_are_promoted_as_in_the_source(
    rungs: Rungs, expected: list[tuple[int, float]]
) -> None:
    assert promoted(with_rungs(rungs)) == expected


def test_the_highest_rung_comes_first_if_slots_are_few() -> None:
    """Orion test_update_rungs_return_candidates: promote(3) gives two of rung 1, one of rung 0."""
    rungs: Rungs = {
        1: [(index, float(index)) for index in range(27)],
        3: [(index, float(index)) for index in range(21, 27)],
    }

    assert promoted(with_rungs(rungs), 3) == [(21, 9), (22, 9), (0, 3)]


def test_the_wider_rule_promotes_two_of_three() -> None:
    rungs: Rungs = {1: [(0, 3.0), (1, 2.0), (2, 1.0)]}

    assert promoted(with_rungs(rungs, keep="syne-tune")) == [(2, 3), (1, 3)]
    assert promoted(with_rungs({1: [(0, 3.0), (1, 2.0)]}, keep="syne-tune")) == []


def test_high_values_are_promoted_if_they_are_good() -> None:
    assert promoted(with_rungs({1: ORION_RUNG_0}, sign=1)) == [(8, 3), (7, 3), (6, 3)]


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("slots", [1, 3, 12])
def test_twelve_trials_are_trained_as_far_as_in_determined(sign: int, slots: int) -> None:
    """Determined TestASHASearchMethod: the first comes to the top, three to the second rung."""
    scheduler = replace(ASHA, most=90, least=10, sign=sign)
    play = Play(scheduler, slots=slots, trials=12)

    play.finish(lambda index, _: -sign * 0.01 * (index + 1))

    assert play.furthest() == [90, *[30] * 3, *[10] * 8]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_trial_that_fails_on_its_way_up_is_replaced_as_in_determined(sign: int) -> None:
    """Determined TestASHASearchMethod, early exit: trial 2 fails on its way to the second rung."""
    scheduler = replace(ASHA, most=90, least=10, sign=sign)
    play = Play(scheduler, slots=3, trials=12, limits=replace(LIMITS, retries={}))

    play.finish(lambda index, _: -sign * 0.01 * (index + 1), dies=[(2, 30)])

    assert play.furthest() == [90, 30, 10, 30, *[10] * 8]


def test_one_worker_promotes_as_soon_as_it_may() -> None:
    """Algorithm 2 of the paper with one worker, values that get worse: after every third trial."""
    play = Play(ASHA, trials=9)
    order: list[tuple[int, float | None, str]] = []
    while launches := play.launches():
        order += launches
        play.train(launches[0][0], launches[0][0])

    assert [(index, budget) for index, budget, _ in order] == [
        (0, 1), (1, 1), (2, 1), (0, 3), (3, 1), (4, 1), (5, 1), (1, 3),
        (6, 1), (7, 1), (8, 1), (2, 3), (0, 9),
    ]  # fmt: skip


def test_27_trials_leave_one_at_the_top_and_nothing_open() -> None:
    play = Play(replace(ASHA, most=27), slots=4, trials=27)

    play.finish(lambda index, resource: (index * 7 % 27) - resource)

    assert sorted(play.furthest()) == [*[1.0] * 18, *[3.0] * 6, *[9.0] * 2, 27.0]
    ends = [one.end.status for one in play.ledger.trials.values() if one.end]
    assert ends == [JobStatus.COMPLETED]
    assert len(play.stopped()) == 26
    assert all(reason.startswith("not promoted: ") for reason in play.stopped().values())


def test_a_promotion_is_a_new_attempt_from_the_trials_own_checkpoint() -> None:
    play = with_rungs({1: ORION_RUNG_0})
    play.slots = 1

    (launch,) = [one for one in play.step() if isinstance(one, Launch)]

    assert (launch.run, launch.attempt, launch.cause) == ("s-0000", 2, Cause.PROMOTED)
    assert (launch.budget, launch.rung, launch.resume_from) == (3, 3, "s-0000")
    assert launch.reason == "loss = 0 is in the best 3 of 9 at epoch 1; it goes on to 3"


def test_the_last_training_waits_at_no_rung() -> None:
    play = with_rungs({1: ORION_RUNG_0, 3: ORION_RUNG_0[:3]})
    play.slots = 1

    (launch,) = [one for one in play.step() if isinstance(one, Launch)]

    assert (launch.budget, launch.rung, launch.attempt) == (9, None, 3)


def test_a_promoted_trial_that_is_preempted_is_tried_again_with_the_same_budget() -> None:
    play = with_rungs({1: ORION_RUNG_0})
    play.limits = replace(LIMITS, retries={Cause.PREEMPTED: 1})
    play.slots = 1
    play.step()
    play.end(0, None, Ending.PREEMPTED)

    (retry,) = [one for one in play.step() if isinstance(one, Launch)]

    assert (retry.run, retry.attempt, retry.cause) == ("s-0000", 3, Cause.PREEMPTED)
    assert (retry.budget, retry.rung, retry.resume_from) == (3, 3, "s-0000")


def test_a_trial_that_waits_is_paused_and_has_no_slot() -> None:
    play = Play(ASHA, slots=2)
    play.step()
    play.train(0, 0.5)

    assert play.launches() == [(2, 1, "first")]
    assert status_in_ledger(play.trial(0), evaluates=False) is JobStatus.PAUSED
    assert status_in_ledger(play.trial(0), evaluates=True) is JobStatus.PAUSED


def test_a_value_counts_while_its_job_is_still_ending_but_the_trial_waits() -> None:
    play = Play(ASHA, slots=3, trials=3)
    play.step()
    for index in range(3):
        play.report(index, 1, float(index))
    play.end(1)
    play.end(2)

    assert play.launches() == []
    play.end(0)
    assert play.launches() == [(0, 3, "promoted")]


def test_a_training_that_goes_on_beyond_its_rungs_is_complete() -> None:
    play = Play(ASHA, slots=3, trials=3)
    play.step()
    play.report(0, 9, 0.5)
    play.end(0, 0.5)
    play.step()

    end = play.trial(0).end
    assert end is not None
    assert end.status is JobStatus.COMPLETED


def test_an_excluded_trial_is_not_promoted_and_does_not_count() -> None:
    play = with_rungs({1: ORION_RUNG_0})
    play.building.add(Excluded("s-0000", "wrong data"))

    assert promoted(play) == [(1, 3), (2, 3)]


def test_trials_that_wait_are_not_promoted_any_more_if_the_sweep_is_stopping() -> None:
    play = with_rungs({1: ORION_RUNG_0})
    play.building.add(Stopping(now=False, by="person", reason="enough"))

    assert not [one for one in play.step() if isinstance(one, Launch)]
    assert set(play.stopped().values()) == {"not promoted: enough"}


def test_nothing_is_given_up_while_a_job_could_still_change_the_ranks() -> None:
    play = Play(ASHA, slots=3, trials=3)
    play.step()
    play.train(0, 0.5)
    play.train(1, 0.6)

    assert play.step() == []
    play.train(2, 0.7)
    assert play.launches() == [(0, 3, "promoted")]


def test_the_reason_names_the_figures() -> None:
    play = Play(ASHA, slots=9, trials=9)
    play.finish(lambda index, _: 0.1 * (index + 1))

    assert play.stopped()[7] == (
        "not promoted: loss = 0.8 is not in the best 3 of 9 at epoch 1,"
        " and no more trials will come"
    )
    assert play.stopped()[2] == (
        "not promoted: loss = 0.3 is not in the best 1 of 3 at epoch 3,"
        " and no more trials will come"
    )


def test_too_few_trials_are_named_as_the_reason() -> None:
    play = Play(ASHA, slots=2, trials=2)
    play.finish(lambda index, _: 0.1 * (index + 1))

    assert play.stopped()[0] == (
        "not promoted: loss = 0.1 is one of 2 at epoch 1, too few to promote one,"
        " and no more trials will come"
    )


@pytest.mark.parametrize(("most", "eta", "trials"), [(243, 3, 243), (100, 10, 100)])
def test_one_of_a_full_bracket_comes_through_all_rungs(
    most: float, eta: float, trials: int
) -> None:
    scheduler = ASHAScheduler(most, eta=eta)
    play = Play(scheduler, slots=40, trials=trials)
    rungs = len(scheduler.levels(0))

    play.finish(lambda index, _: float(index))

    furthest = play.furthest()
    assert [sum(level >= rung for level in furthest) for rung in scheduler.levels(0)] == [
        trials // int(eta) ** power for power in range(rungs)
    ]
