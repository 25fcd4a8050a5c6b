"""ASHA's stopping variant, and the jobs of the trials that it stops."""

from __future__ import annotations

from dataclasses import replace

from janitor.model.jobs import Cause, Ending, JobStatus
from janitor.model.ledger_items import Excluded, Included, Paused, Stop
from janitor.sweep.schedulers.asha import ASHAScheduler
from tests.sweep.ledgers import EVAL
from tests.sweep.schedulers.playing import LIMITS, Play

STOP = ASHAScheduler(9, mode="stop", metric="loss", resource="epoch")


def test_an_excluded_trial_counts_until_its_exclusion() -> None:
    play = Play(STOP, slots=4)
    play.step()
    play.report(0, 1, 0.1)
    play.report(1, 1, 0.2)
    play.building.add(Excluded("s-0000", "wrong data"))
    play.report(2, 1, 0.3)
    play.building.add(Excluded("s-0001", "wrong data"))
    play.report(3, 1, 0.25)
    play.step()

    assert play.stopped().keys() == {1, 2}

    play.building.add(Included("s-0000", "it was right"))
    assert [one.run for one in STOP.board(play.ledger).at(0, 1)] == ["s-0000", "s-0003", "s-0002"]


def test_a_trial_that_failed_counts_below_all_others() -> None:
    """Determined trialExitedEarly: the rung has one more trial, so one more may go on."""
    reports = [(3, 1, 1.0), (4, 1, 2.0), (5, 1, 1.5)]
    for failures, expected in ((0, {4, 5}), (3, {4})):
        play = Play(STOP, slots=6, limits=replace(LIMITS, retries={}))
        play.step()
        for index in range(failures):
            play.end(index, None, Ending.FAILED)
        play.step()
        for index, resource, value in reports:
            play.report(index, resource, value)
        play.step()

        assert play.stopped().keys() == expected


def test_stops_go_on_while_the_sweep_is_paused_and_without_a_free_slot() -> None:
    play = Play(STOP, slots=2)
    play.step()
    play.building.add(Paused("person", "the cluster is needed"))
    play.report(0, 1, 0.1)
    play.report(1, 1, 0.2)

    assert [type(one) for one in play.step()] == [Stop]


def test_a_trial_that_waits_for_its_retry_is_stopped_instead() -> None:
    play = Play(STOP, slots=2, limits=replace(LIMITS, retries={Cause.PREEMPTED: 5}))
    play.step()
    play.report(0, 1, 0.1)
    play.report(1, 1, 0.2)
    play.end(1, None, Ending.PREEMPTED)

    assert play.launches() == [(2, 9, "first")]
    assert play.stopped().keys() == {1}


def test_a_trial_that_is_evaluated_is_not_stopped() -> None:
    play = Play(STOP, slots=2, limits=replace(LIMITS, evaluates=True))
    play.step()
    play.report(1, 9, 0.1)
    play.report(0, 9, 0.2)
    play.end(0, 0.2)
    play.step()

    assert not play.stopped()
    assert play.trial(0).newest.launch.kind is EVAL


def test_trials_are_launched_with_the_whole_budget() -> None:
    play = Play(STOP, slots=2)

    assert play.launches() == [(0, 9, "first"), (1, 9, "first")]
    assert play.trial(0).newest.launch.rung is None


def test_a_stopped_trial_keeps_its_slot_until_its_job_ended() -> None:
    play = Play(STOP, slots=2)
    play.step()
    play.report(0, 1, 0.1)
    play.report(1, 1, 0.2)
    play.step()
    assert play.launches() == []

    play.end(1, None, Ending.STOPPED)

    assert play.launches() == [(2, 9, "first")]
    stop = play.trial(1).stop
    assert stop is not None
    assert stop.status is JobStatus.PRUNED
