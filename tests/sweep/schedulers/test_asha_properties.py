"""What holds for every sweep with ASHA: the ledger alone decides, and looking changes nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from janitor.model.jobs import Cause, Ending
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Stop
from janitor.sweep.schedulers import ASHAScheduler
from janitor.sweep.schedulers.rungs import Keep
from tests.sweep.schedulers.playing import LIMITS, Play

NUMBERS = [0.0, 0.1, 0.2, 0.3, 0.5, 1.0, math.nan, math.inf, -math.inf]
VALUES = st.sampled_from(NUMBERS)
ENDINGS = [Ending.OK, Ending.OK, Ending.OK, Ending.LOST, Ending.FAILED]
RETRIES = replace(LIMITS, retries={Cause.LOST: 1})


@st.composite
def schedulers(draw: st.DrawFn, mode: Literal["promote", "stop"] | None = None) -> ASHAScheduler:
    keep: Keep = draw(st.sampled_from(["floor", "wandb", "syne-tune"]))
    drawn: Literal["promote", "stop"] = draw(st.sampled_from(["promote", "stop"]))
    return ASHAScheduler(
        most=draw(st.sampled_from([4, 9, 10, 27])),
        least=draw(st.sampled_from([0.5, 1, 2])),
        eta=draw(st.sampled_from([2, 2.5, 3])),
        mode=mode or drawn,
        sign=draw(st.sampled_from([-1, 1])),
        brackets=draw(st.integers(1, 2)),
        keep=keep,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, float, float]]:
    """Reports of six trials, each with a resource that grows."""
    reached = dict.fromkeys(range(6), 0.0)
    found = []
    for index in draw(st.lists(st.integers(0, 5), max_size=25)):
        reached[index] += draw(st.sampled_from([0.5, 1, 2, 8]))
        found.append((index, reached[index], draw(VALUES)))
    return found


@settings(max_examples=150, deadline=None)
@given(schedulers("stop"), histories(), st.sets(st.integers(0, 25)))
def test_who_is_stopped_and_why_does_not_depend_on_how_often_a_step_looks(
    scheduler: ASHAScheduler, history: list[tuple[int, float, float]], looks: set[int]
) -> None:
    often, seldom, once = (Play(scheduler, slots=6, trials=6) for _ in range(3))
    for play in (often, seldom, once):
        play.step()
    for number, (index, resource, value) in enumerate(history):
        for play in (often, seldom, once):
            play.report(index, resource, value)
        often.step()
        if number in looks:
            seldom.step()
    for play in (often, seldom, once):
        play.step()

    assert often.stopped() == seldom.stopped() == once.stopped()


@settings(max_examples=40, deadline=None)
@given(schedulers(), st.integers(1, 3), st.integers(0, 10**6))
def test_a_sweep_ends_and_a_restart_at_any_entry_decides_the_same(
    scheduler: ASHAScheduler, slots: int, seed: int
) -> None:
    random = Random(seed)
    play = Play(scheduler, slots=slots, trials=5, limits=RETRIES)
    for _ in range(100):
        play.step()
        jobs = play.open()
        if not jobs:
            break
        index = random.choice(jobs)
        if play.trial(index).is_stopping:
            play.end(index, None, Ending.STOPPED)
            continue
        budget = play.trial(index).newest.launch.budget or 0.0
        share = random.choice([0.3, 1.0])
        play.report(index, budget * share, random.choice(NUMBERS))
        if share == 1.0:
            play.end(index, random.choice(NUMBERS), random.choice(ENDINGS))
    else:
        raise AssertionError("the sweep does not end")

    assert play.decided().is_done
    assert all(trial.is_over for trial in play.ledger.trials.values())
    replayed = Ledger(play.ledger.name)
    again = Play(scheduler, slots=slots, trials=5, limits=RETRIES)
    again.building.ledger = replayed
    for entry in play.building.entries:
        if isinstance(entry.items[0], Stop):
            (stop,) = entry.items
            assert stop in again.decided().decisions
        replayed.add(entry)
    assert again.decided() == play.decided()
    assert replayed.events == play.ledger.events


@settings(max_examples=40, deadline=None)
@given(schedulers("promote"), st.lists(VALUES, min_size=9, max_size=9), st.integers(1, 4))
def test_a_value_that_is_not_finite_is_never_promoted(
    scheduler: ASHAScheduler, values: list[float], slots: int
) -> None:
    play = Play(scheduler, slots=slots, trials=9)

    play.finish(lambda index, _: values[index])

    for trial in play.ledger.trials.values():
        if not math.isfinite(values[trial.index]):
            assert {one.launch.cause for one in trial.trainings} == {Cause.FIRST}
