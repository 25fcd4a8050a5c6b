"""What the Gaussian process maximizes, and batches. Needs torch, which the lock leaves out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.exceptions import ExperimentalWarning

from janitor.model.jobs import Ending, JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Complete, Ended
from janitor.sweep.objectives import Goal, Objective
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.ports import Suggestion
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.seeds import seed_of
from janitor.sweep.simulation import Simulation
from janitor.sweep.verify import Comparison, verify
from tests.sweep.config.test_sweep_file import complaint
from tests.sweep.ledgers import TRAIN
from tests.sweep.modelling import Sweeping, loss, optimizer, suggested
from tests.sweep.test_model_optimizers import ask_plain, reseed
from tests.sweep.test_optimizers import space_of
from tests.sweep.test_simulation import config_of

LINE = space_of(x={"min": 0.0, "max": 1.0})


def with_trials(
    kind: Any,
    *,
    open_at: tuple[float, ...] = (),
    costs: bool = True,
    cheap: int = 0,
    **settings: Any,
) -> tuple[Any, Sweeping]:
    """A sweep with two equally good places, of which one costs fifty times as much."""
    made, sweep = optimizer("gp", LINE, acquisition=kind, n_startup=4, **settings), Sweeping()

    index = 0
    for index, x in enumerate(number / 10 for number in range(11)):
        run = sweep.launch(Suggestion({"x": x}, ""), index)
        value = math.cos(4 * math.pi * x)
        cost = (1.0 if (x > 0.5) == bool(cheap) else 50.0) if costs else None
        sweep.add(Ended(run, 1, TRAIN, Ending.OK, "", value, cost=cost))
        sweep.complete(run, value)
    for x in open_at:
        index += 1
        sweep.launch(Suggestion({"x": x}, ""), index)
    return made, sweep


def where(kind: Any, **settings: Any) -> float:
    pytest.importorskip("torch")
    made, sweep = with_trials(kind, **settings)
    return float(suggested(made.suggest(sweep.ledger, 20)).params["x"])


@pytest.mark.parametrize("kind", ["logei", "ei", "ucb", "cost_ei"])
def test_every_function_looks_near_a_good_place(kind: str) -> None:
    x = where(kind)
    assert min(abs(x - 0.25), abs(x - 0.75)) < 0.1


def test_improvement_per_cost_takes_the_cheap_one_of_two_equal_places() -> None:
    assert where("cost_ei", cheap=0) < 0.5 < where("cost_ei", cheap=1)
    assert where("cost_ei", costs=False) == where("logei", costs=False)


def test_the_improvement_and_its_logarithm_have_one_maximum() -> None:
    one, other = where("ei"), where("logei")  # the two places are equally good
    assert min(one, 1 - one) == pytest.approx(min(other, 1 - other), abs=0.01)


def test_a_larger_beta_looks_further_away() -> None:
    assert where("ucb", beta=400.0) != where("ucb", beta=0.01)


@pytest.mark.parametrize("kind", ["logei", "ucb"])
def test_open_trials_are_not_tried_again(kind: str) -> None:
    alone = where(kind)
    assert abs(where(kind, open_at=(alone,)) - alone) > 1e-3


def test_the_default_is_that_of_a_living_sampler_with_two_objectives() -> None:
    pytest.importorskip("torch")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        living = optuna.samplers.GPSampler(n_startup_trials=6)
    study = optuna.create_study(sampler=living, directions=["minimize", "minimize"])

    objective, sweep = Objective((Goal("loss", -1), Goal("k", -1))), Sweeping()
    for index in range(10):
        reseed(living, seed_of("s", index, 0, "gp.7.0"))
        living._gprs_cache_list = None  # noqa: SLF001 - each of our fits starts from nothing
        trial = study.ask()
        theirs = ask_plain(trial)
        study.tell(trial, [loss(theirs), theirs["k"]])
        made = optimizer("gp", objective=objective, n_startup=6)
        ours = suggested(made.suggest(sweep.ledger, index))
        assert ours.params == pytest.approx(theirs, rel=1e-6)
        goals = {"loss": loss(theirs), "k": float(theirs["k"])}
        run = sweep.launch(ours, index)
        sweep.add(Complete(run, JobStatus.COMPLETED, "", goals["loss"], goals))


# -- batches


def test_a_batch_begins_when_the_one_before_is_over() -> None:
    config = config_of(
        "run_cap: 10\njanitor: {max_parallel_jobs: 8, optimizer: {type: tpe},"
        " scheduler: {type: bayesian, batch: 4}}"
    )

    def curve(params: Mapping[str, Any], seed: int) -> list[Mapping[str, float]]:
        return [{"loss": params["x"] ** 2, "seconds": 1 + seed % 7}]

    made = Simulation(config, scheduler_of(config), optimizer_of(config), curve)
    outcome = made.run()
    ledger = Ledger.of("sim", outcome.store.entries())
    began = [trial.trainings[0].at for trial in ledger.trials.values()]
    assert len(set(began)) == 3
    assert began == sorted(began)
    assert [began.count(each) for each in sorted(set(began))] == [4, 4, 2]
    checked = list(verify("sim", outcome.store.entries()))
    assert {each.comparison for each in checked} == {Comparison.SAME}


@pytest.mark.parametrize(
    ("scheduler", "said"),
    [
        ("{type: bayesian, acquisition: {type: pi}}", "logei, ei, ucb or cost_ei, not 'pi'"),
        ("{type: bayesian, acquisition: {type: ei, beta: 2}}", "beta is not a setting of ei"),
        ("{type: bayesian, batch: 1}", "batch"),
        ("{type: parallel, batch: 4}", "no setting batch"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, scheduler: str, said: str) -> None:
    text = "method: custom\nprogram: t.py\nmetric: {name: loss}\nparameters: {x: {min: 0, max: 9}}"
    ours = f"{{optimizer: {{type: gp}}, scheduler: {scheduler}}}"
    assert said in complaint(tmp_path, f"{text}\njanitor: {ours}\n")
