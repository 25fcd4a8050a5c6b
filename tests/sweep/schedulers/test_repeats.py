"""Several repeats of a configuration: means, intervals, and what is done to all of them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from janitor.model.jobs import Cause, Ending, JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Ended, Excluded, Launch, Overruled, Reached
from janitor.model.trial import Trial
from janitor.sweep.configurations import best_configuration, configurations
from janitor.sweep.intervals import interval_of, t_quantile
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.ports import Scheduler
from janitor.sweep.schedulers import (
    ASHAScheduler,
    HyperbandScheduler,
    MedianScheduler,
    RepeatedScheduler,
    scheduler_of,
)
from janitor.sweep.seeds import run_id
from janitor.sweep.simulation import Simulation
from janitor.sweep.verify import Comparison, verify
from tests.sweep.config.test_sweep_file import complaint
from tests.sweep.ledgers import TRAIN, Building
from tests.sweep.schedulers.playing import LIMITS, Play
from tests.sweep.test_simulation import config_of

ASHA = ASHAScheduler(9, metric="loss", resource="epoch")
FIRST = Cause.FIRST
THREE = RepeatedScheduler(ASHA, 3)


@pytest.mark.parametrize("probability", [0.75, 0.9, 0.975, 0.995])
@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 10, 30, 101])
def test_the_quantiles_are_those_of_scipy(probability: float, degrees: int) -> None:
    wanted = stats.t.ppf(probability, degrees)
    assert t_quantile(probability, degrees) == pytest.approx(wanted, rel=1e-9)


def test_an_interval_is_students() -> None:
    values = [1.0, 1.5, 2.5, 3.0]
    wanted = stats.t.interval(0.95, 3, loc=2.0, scale=stats.sem(values))
    assert interval_of(values) == pytest.approx(wanted)
    assert interval_of([1.0]) is None


# -- the objective of a configuration


def repeated(*outcomes: float | JobStatus | None, repeats: int = 3) -> list[float]:
    """The objectives of one configuration with these ends; None is still open."""
    building = Building()
    for number, outcome in enumerate(outcomes):
        launch = Launch(run_id("s", 0, number), 0, 1, TRAIN, FIRST, "r", 1, 0, repeat=number)
        building.add(launch)
        if isinstance(outcome, JobStatus):
            building.add(Overruled(launch.run, outcome, ""))
        elif outcome is not None:
            building.add(Overruled(launch.run, JobStatus.COMPLETED, "", outcome))
    return [one.objective for one in configurations(building.ledger, repeats)]


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        ((1.0, 2.0, 6.0), [3.0]),
        ((1.0, 2.0, None), []),
        ((1.0, 2.0), []),
        ((1.0, 2.0, JobStatus.FAILED), [1.5]),
        ((1.0, JobStatus.FAILED, JobStatus.STALE), []),
        ((1.0, math.nan, 3.0), [2.0]),
        ((JobStatus.FAILED,) * 3, []),
    ],
)
def test_the_objective_exists_when_all_are_over_and_half_ended_well(
    outcomes: tuple[Any, ...], found: list[float]
) -> None:
    assert repeated(*outcomes) == found


# -- schedulers that compare


def value(index: int, repeat: int, resource: float) -> float:
    """Configuration 1 has the best single run, and configuration 2 the best mean."""
    spread = {0: 0.0, 1: (-5.0, 4.0, 4.0)[repeat], 2: 0.1 * repeat}.get(index, 0.0)
    return {0: 2.0, 1: 1.0, 2: 0.5}.get(index, 3.0 + index) + spread - resource / 100


def play_to_the_end(play: Play, dies: tuple[tuple[int, int], ...] = ()) -> None:
    for _ in range(1000):
        play.step()
        jobs = sorted(play.ledger.open_jobs(), key=lambda job: job[1].entry)
        if not jobs:
            assert play.decided().is_done
            return
        trial = jobs[0][0]
        budget = trial.newest.launch.budget or 9.0
        if (trial.index, trial.repeat) in dies:
            finish(play, trial, None, Ending.FAILED)
            continue
        for level in play.scheduler.milestones(trial):
            if level <= budget and level not in {one.rung for one in trial.reached}:
                seen = value(trial.index, trial.repeat, level)
                attempt = trial.newest.launch.attempt
                play.building.add(Reached(trial.run, attempt, level, level, seen))
        finish(play, trial, value(trial.index, trial.repeat, budget))
    raise AssertionError("the sweep does not end")


def finish(play: Play, trial: Trial, objective: float | None, ending: Ending = Ending.OK) -> None:
    launch = trial.newest.launch
    play.building.add(Ended(launch.run, launch.attempt, TRAIN, ending, "it ended", objective))


def furthest(play: Play) -> dict[int, list[float]]:
    """How far the repeats of each configuration were trained."""
    found: dict[int, list[float]] = {}
    for trial in play.ledger.trials.values():
        reached = max((one.rung for one in trial.reached), default=0.0)
        found.setdefault(trial.index, []).append(reached)
    return found


@pytest.mark.parametrize("slots", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("inner", [ASHA, HyperbandScheduler(9, resource="epoch", metric="loss")])
def test_the_best_mean_is_promoted_with_all_its_repeats(slots: int, inner: Scheduler) -> None:
    play = Play(
        RepeatedScheduler(inner, 3), slots=slots, trials=9, limits=replace(LIMITS, repeats=3)
    )
    play_to_the_end(play)
    found = furthest(play)
    assert found[2] == [9.0, 9.0, 9.0]
    assert all(len(set(levels)) == 1 for levels in found.values())
    best = best_configuration(play.ledger, -1, 3)
    assert best is not None
    assert best.index == 2
    assert best.objective == pytest.approx(0.5 + 0.1 - 0.09)


def test_repeats_follow_each_other_and_promotions_too() -> None:
    play = Play(THREE, slots=4, trials=3)
    assert [each[:2] for each in play.launches()] == [(0, 1), (0, 1), (0, 1), (1, 1)]
    runs = list(play.ledger.trials)
    assert runs[:3] == ["s-0000", "s-0000-r1", "s-0000-r2"]
    reasons = [trial.newest.launch.reason for trial in play.ledger.trials.values()]
    assert reasons[1] == "repeat 1 of s-0000"
    seeds = {trial.newest.launch.seed for trial in play.ledger.trials.values()}
    assert len(seeds) == 4


@pytest.mark.parametrize("mode", ["stop", "promote"])
def test_one_repeat_that_fails_leaves_the_mean_of_the_others(mode: Any) -> None:
    play = Play(RepeatedScheduler(replace(ASHA, mode=mode), 3), slots=9, trials=9)
    play_to_the_end(play, dies=((2, 1),))
    assert furthest(play)[2][0] == furthest(play)[2][2] == 9.0
    best = best_configuration(play.ledger, -1, 3)
    assert best is not None
    assert (best.index, len(best.results)) == (2, 2)


def test_the_others_are_stopped_when_most_repeats_failed() -> None:
    play = Play(THREE, slots=3, trials=9)
    play_to_the_end(play, dies=((2, 0), (2, 2)))
    stop = play.ledger.trials["s-0002-r1"].stop
    assert stop is not None
    assert stop.reason.startswith("2 of 3 repeats of s-0002 failed")
    best = best_configuration(play.ledger, -1, 3)
    assert best is None or best.index != 2


def test_an_excluded_repeat_does_not_count() -> None:
    play = Play(THREE, slots=27, trials=9)
    play.step()
    play.building.add(Excluded("s-0001-r1", "wrong data"))
    play.building.add(Excluded("s-0001-r2", "wrong data"))
    play_to_the_end(play)
    best = best_configuration(play.ledger, -1, 3)
    assert best is not None
    assert (best.index, best.results) == (1, (1.0 - 5.0 - 0.09,))


def test_median_stopping_stops_all_repeats_of_a_bad_configuration() -> None:
    median = MedianScheduler(3, min_trials=3, metric="loss", resource="epoch")
    play = Play(RepeatedScheduler(median, 2), slots=16, trials=8)
    play.step()
    for level in (1.0, 2.0):
        for trial in list(play.ledger.trials.values()):
            if not trial.is_over:
                play.building.add(Reached(trial.run, 1, level, level, float(trial.index)))
        play.step()
    stopped = {trial.index for trial in play.ledger.trials.values() if trial.stop is not None}
    assert 7 in stopped
    for index in stopped:
        assert all(
            trial.stop is not None for trial in play.ledger.trials.values() if trial.index == index
        )


# -- racing


def noisy(params: Mapping[str, Any], seed: int) -> Iterator[Mapping[str, float]]:
    numbers = random.Random(seed)
    loss = params["x"] ** 2 + numbers.gauss(0, 0.01)
    yield {"loss": loss, "seconds": 5 + 20 * numbers.random()}


@pytest.mark.parametrize("slots", [1, 5])
def test_racing_drops_configurations_that_are_clearly_worse(slots: int) -> None:
    def outcome(racing: str) -> Any:
        text = f"run_cap: 12\njanitor: {{repeats: 5, max_parallel_jobs: {slots}{racing}}}"
        config = config_of(text)
        made = Simulation(config, scheduler_of(config), optimizer_of(config), noisy)
        return config, made.run()

    config, raced = outcome(", scheduler: {type: parallel, racing: 0.95}")
    _, whole = outcome("")
    ledger = Ledger.of("sim", raced.store.entries())
    runs = len(ledger.trials)

    assert raced.best_run == whole.best_run
    assert raced.best == whole.best
    assert whole.trials == raced.trials == 12
    assert runs < 60 or raced.stopped
    reasons = [job.launch.reason for one in ledger.trials.values() for job in one.jobs]
    stops = [one.stop.reason for one in ledger.trials.values() if one.stop is not None]
    assert any("was dropped: after" in each for each in reasons) or any(
        each.startswith("dropped: after") for each in stops
    )
    checked = list(verify(config.name, raced.store.entries()))
    assert {each.comparison for each in checked} == {Comparison.SAME}


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ("{repeats: 2, scheduler: {type: pbt, max: 3}}", "whose members are single runs"),
        ("{repeats: 2, scheduler: {type: parallel, racing: 0.9}}", "needs repeats: 3 or more"),
        ("{repeats: 3, scheduler: {type: asha, max: 9, racing: 0.9}}", "no setting racing"),
        ("{repeats: 3, scheduler: {type: parallel, racing: 0.4}}", "racing"),
    ],
)
def test_repeats_that_cannot_be_used_are_named(tmp_path: Path, ours: str, said: str) -> None:
    text = "method: random\nprogram: t.py\nmetric: {name: loss}\nparameters: {x: {min: 0, max: 9}}"
    assert said in complaint(tmp_path, f"{text}\njanitor: {ours}\n")


@pytest.mark.parametrize(
    "scheduler",
    [
        "{type: asha, max: 9, resource: epoch}",
        "{type: asha, max: 9, resource: epoch, mode: stop}",
        "{type: hyperband, max: 9, resource: epoch}",
        "{type: median, max: 9, resource: epoch}",
    ],
)
@pytest.mark.parametrize("optimizer", ["random", "tpe"])
def test_a_sweep_with_repeats_is_decided_again(scheduler: str, optimizer: str) -> None:
    def curve(params: Mapping[str, Any], seed: int) -> Iterator[Mapping[str, Any]]:
        noise = random.Random(seed)
        for epoch in range(1, 10):
            if noise.random() < 0.02:
                yield {"fails": "by chance"}
                return
            loss = params["x"] ** 2 + 1 / epoch + noise.gauss(0, 0.05)
            yield {"loss": loss, "epoch": epoch, "seconds": 1 + noise.random()}

    ours = f"{{repeats: 3, max_parallel_jobs: 7, scheduler: {scheduler}, "
    ours += "brake: {failed_percent: 100}, "
    config = config_of(f"run_cap: 20\njanitor: {ours}optimizer: {{type: {optimizer}}}}}")
    made = Simulation(config, scheduler_of(config), optimizer_of(config), curve)
    outcome = made.run()
    ledger = Ledger.of("sim", outcome.store.entries())
    assert all(trial.is_over for trial in ledger.trials.values())
    assert outcome.trials == 20
    assert outcome.best is not None
    checked = list(verify(config.name, outcome.store.entries()))
    assert {each.comparison for each in checked} == {Comparison.SAME}
