"""Simulated sweeps: real decisions, a virtual clock, and trainings from curves."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from janitor.errors import UsageError
from janitor.model.jobs import Cause
from janitor.model.ledger import Ledger
from janitor.sweep.config import SweepConfig
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.simulation import Outcome, Simulation
from janitor.sweep.simulation.curves import ticks_of
from janitor.sweep.simulation.variants import simulated, variants_of
from janitor.sweep.verify import Comparison, verify

FILE = """\
name: sim
method: random
program: train.py
metric: {name: loss}
run_cap: 12
parameters: {x: {min: -1.0, max: 1.0}}
"""
ASHA = "{type: asha, max: 9, resource: epoch}"
STOP = "{type: asha, max: 9, resource: epoch, mode: stop}"


def config_of(extra: str = "", text: str = FILE) -> SweepConfig:

    document = yaml.safe_load(text) | (yaml.safe_load(extra) or {})
    return SweepConfig.from_document(document, "/nowhere", "sim")


def bowl(params: Mapping[str, Any], seed: int) -> Iterator[Mapping[str, float]]:
    """Nine epochs of ten seconds; the best x is 0.3, and it shows early."""
    noise = random.Random(seed)
    for epoch in range(1, 10):
        loss = (params["x"] - 0.3) ** 2 + 1 / epoch + noise.gauss(0, 0.001)
        yield {"loss": loss, "epoch": epoch, "seconds": 10}


def simulate(config: SweepConfig, curves: Any = bowl, seed: int = 0) -> Outcome:
    return Simulation(config, scheduler_of(config), optimizer_of(config), curves, seed).run()


def test_time_and_hours_are_those_of_the_jobs() -> None:
    outcome = simulate(config_of("janitor: {max_parallel_jobs: 4}"))
    assert outcome.seconds == 3 * 90
    assert outcome.job_hours == pytest.approx(12 * 90 / 3600)
    assert (outcome.trials, outcome.stopped, outcome.failed) == (12, 0, 0)
    assert outcome.best == pytest.approx(
        min((x["x"] - 0.3) ** 2 + 1 / 9 for x in params_of(outcome)), abs=0.005
    )


def params_of(outcome: Outcome) -> list[Mapping[str, Any]]:
    ledger = Ledger.of("sim", outcome.store.entries())
    return [trial.params for trial in ledger.trials.values()]


HYPERBAND = "{type: hyperband, max: 9, resource: epoch}"
MEDIAN = "{type: median, max: 9, resource: epoch}"
PBT = "{type: pbt, max: 9, interval: 3, population: 5, resource: epoch}"


@pytest.mark.parametrize(
    ("scheduler", "optimizer"),
    [
        *((ASHA, kind) for kind in ("random", "tpe", "cmaes", "nsga2", "qmc")),
        *((kind, "tpe") for kind in ("parallel", STOP, HYPERBAND, MEDIAN)),
        (PBT, "random"),
    ],
)
def test_a_simulated_sweep_is_the_same_each_time_and_can_be_verified(
    scheduler: str, optimizer: str
) -> None:
    (variant,) = variants_of(
        config_of("janitor: {max_parallel_jobs: 3}"),
        schedulers=[scheduler],
        optimizers=[optimizer],
        trials=25,
    )
    one, other = simulated(variant, bowl), simulated(variant, bowl)
    assert one.store.entries() == other.store.entries()
    checked = list(verify("sim", one.store.entries()))
    assert checked
    assert {each.comparison for each in checked} == {Comparison.SAME}


def test_a_promoted_trial_goes_on_where_it_was_and_a_stopped_one_frees_its_slot() -> None:
    full = simulate(config_of("{run_cap: 27}"))
    promoted = simulate(config_of(f"{{run_cap: 27, janitor: {{scheduler: {ASHA}}}}}"))
    stopped = simulate(config_of(f"{{run_cap: 27, janitor: {{scheduler: {STOP}}}}}"))
    assert promoted.best == pytest.approx(full.best, abs=0.01)
    assert stopped.best == pytest.approx(full.best, abs=0.01)
    assert promoted.stopped > 20
    # Each epoch is trained once: no job has more time than the epochs that its trial reached.
    ledger = Ledger.of("sim", promoted.store.entries())
    for trial in ledger.trials.values():
        seconds = sum(job.ended.seconds or 0 for job in trial.jobs if job.ended)
        assert seconds == 10 * max(one.resource for one in trial.reached)
    assert max(promoted.job_hours, stopped.job_hours) < 0.5 * full.job_hours


def test_a_run_that_starts_from_anothers_checkpoint_trains_only_the_rest() -> None:
    (variant,) = variants_of(config_of(), schedulers=[PBT], trials=15)
    ledger = Ledger.of("sim", simulated(variant, bowl).store.entries())
    assert len(ledger.trials) == 15
    for trial in ledger.trials.values():
        assert [job.ended.seconds for job in trial.jobs if job.ended] == [30]


def test_a_curve_can_fail_and_be_lost() -> None:
    def curve(params: Mapping[str, Any], seed: int) -> Iterator[Any]:  # noqa: ARG001 - as curves are
        yield 1.0
        if params["x"] < -0.5:
            yield {"fails": "out of memory", "seconds": 5}
        if params["x"] > 0.5:
            yield {"lost": "its node died"}
        yield 0.5

    outcome = simulate(config_of("janitor: {retries: {lost: 1}}"), curve)
    ledger = Ledger.of("sim", outcome.store.entries())
    failing = [one for one in ledger.trials.values() if one.params["x"] < -0.5]
    lost = [one for one in ledger.trials.values() if one.params["x"] > 0.5]
    assert failing
    assert lost
    assert outcome.failed == len(failing)
    assert all("out of memory" in trial.end.reason for trial in failing if trial.end)
    assert all([job.launch.cause for job in one.jobs] == [Cause.FIRST, Cause.LOST] for one in lost)
    assert all(trial.objective == 0.5 for trial in lost)


def test_an_evaluation_follows_each_training() -> None:
    evaluation = "janitor: {evaluation: {command: [x]}}"
    outcome = simulate(config_of(evaluation))
    assert outcome.seconds == 12 * 91
    assert outcome.best is not None


def test_a_brake_ends_the_simulation_and_says_why() -> None:
    def curve(params: Mapping[str, Any], seed: int) -> list[Any]:  # noqa: ARG001 - as curves are
        return [{"fails": "no"}]

    outcome = simulate(config_of(), curve)
    assert outcome.trials == 5
    assert "the first 5 trials all failed" in outcome.why


def test_reports_without_the_resource_count_from_one() -> None:
    ticks = list(ticks_of([3.0, {"loss": 2.0, "seconds": 7}, {"other": 1}], "loss", ""))
    assert [(one.resource, one.seconds) for one in ticks] == [(1, 1), (2, 7), (3, 1)]
    assert ticks[0].metrics == {"loss": 3.0}
    with pytest.raises(UsageError, match="a curve gave"):
        list(ticks_of(["x"], "loss", ""))  # type: ignore[list-item] # a mistake


def test_a_sweep_without_an_end_is_refused() -> None:
    config = config_of(text=FILE.replace("run_cap: 12\n", ""))
    (variant,) = variants_of(config)
    with pytest.raises(UsageError, match="would never end"):
        simulated(variant, bowl)
    (variant,) = variants_of(config, trials=3)
    assert simulated(variant, bowl).trials == 3


def test_every_combination_is_a_variant_and_seeds_differ() -> None:
    found = list(
        variants_of(config_of(), schedulers=["parallel", ASHA], optimizers=["tpe"], seeds=2)
    )
    assert [(one.scheduler, one.optimizer, one.seed) for one in found] == [
        ("parallel", "tpe", 0),
        ("parallel", "tpe", 1),
        ("asha promote", "tpe", 0),
        ("asha promote", "tpe", 1),
    ]
    outcomes = [simulated(one, bowl) for one in found[:2]]
    assert params_of(outcomes[0]) != params_of(outcomes[1])
    with pytest.raises(UsageError, match="--scheduler is a type or settings"):
        list(variants_of(config_of(), schedulers=["[1]"]))
