"""Optuna's samplers, built again for every suggestion: equal to those that are kept alive."""

from __future__ import annotations

import cProfile
import json
import random
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    TPESampler,
)
from optuna.trial import Trial, TrialState

from janitor.errors import UsageError
from janitor.model.jobs import Ending, JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import (
    Complete,
    Reached,
    Stop,
)
from janitor.runtime import extras
from janitor.sweep.config import SweepConfig
from janitor.sweep.config.space import Space, canonical
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.optimizers.model_search import ModelOptimizer
from janitor.sweep.optimizers.samplers import Kind, SamplerSettings
from janitor.sweep.ports import Suggestion
from janitor.sweep.seeds import run_id, seed_of
from tests.sweep.ledgers import Building
from tests.sweep.modelling import (
    MIXED,
    SPACE,
    Sweeping,
    loss,
    mixed_loss,
    optimizer,
    suggested,
)

# -- the same as an Optuna that is kept alive


def asked(made: ModelOptimizer, ledger: Ledger, index: int) -> Suggestion:
    """What is suggested without the check for duplicates, which children of NSGA-II may be."""
    seen, _ = made._seen.of(ledger)  # noqa: SLF001 - the parts of `suggest`
    params, memory = made._ask(ledger, index, 0, seen)  # noqa: SLF001 - the parts of `suggest`
    return Suggestion(params, "", memory)


def ask_plain(trial: Trial) -> dict[str, Any]:
    return {
        "x": trial.suggest_float("x", -5, 5),
        "y": trial.suggest_float("y", 0.001, 10, log=True),
        "k": trial.suggest_int("k", 1, 200),
    }


def ask_mixed(trial: Trial) -> dict[str, Any]:
    kind = ["adam", "sgd"][trial.suggest_categorical("kind", [0, 1])]
    params: dict[str, Any] = {"kind": kind}
    if kind == "sgd":
        params["momentum"] = trial.suggest_float("momentum", 0, 1)
    return {**params, "x": trial.suggest_float("x", -5, 5)}


def reseed(sampler: BaseSampler, seed: int) -> None:
    """Give a living sampler the random numbers that it would be made with."""
    for holder in (
        sampler,
        getattr(sampler, "_random_sampler", None),
        getattr(sampler, "_independent_sampler", None),
    ):
        for name in ("_rng", "_cma_rng"):
            if hasattr(holder, name):
                getattr(holder, name).rng.seed(seed)


SWEEP_SEED = seed_of("s", 0, 0, "qmc.7")
LIVING: dict[str, Callable[[], BaseSampler]] = {
    "tpe": TPESampler,
    "cmaes": lambda: CmaEsSampler(consider_pruned_trials=True, warn_independent_sampling=False),
    "qmc": lambda: QMCSampler(scramble=True, seed=SWEEP_SEED),
    "nsga2": lambda: NSGAIISampler(population_size=8),
    "nsga3": lambda: NSGAIIISampler(population_size=8),
    "gp": GPSampler,
}
EQUAL: list[tuple[Kind, Space, Any, Any]] = [
    *((kind, SPACE, ask_plain, loss) for kind in ("tpe", "cmaes", "qmc", "nsga2", "nsga3", "gp")),
    ("tpe", MIXED, ask_mixed, mixed_loss),
]


@pytest.mark.parametrize(("kind", "space", "ask", "objective"), EQUAL)
@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_a_sampler_that_is_built_again_equals_one_that_is_kept_alive(
    kind: Kind, space: Space, ask: Any, objective: Any, goal: Any
) -> None:
    sign = 1 if goal == "minimize" else -1
    conditional = space is MIXED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        if kind == "gp":
            pytest.importorskip("torch")
        living = TPESampler(group=True) if conditional else LIVING[kind]()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=living, direction=goal)
    sweep = Sweeping()
    population = 8 if kind.startswith("nsga") else None

    for index in range(20 if kind == "gp" else 60):
        if kind != "qmc":
            reseed(living, seed_of("s", index, 0, f"{kind}.7.0"))
        trial = study.ask()
        theirs = ask(trial)
        study.tell(trial, sign * objective(theirs))

        made = optimizer(kind, space, population=population, is_conditional=conditional, goal=goal)
        ours = asked(made, sweep.ledger, index)
        assert canonical(ours.params) == canonical(theirs)
        assert len(json.dumps(ours.memory)) <= 4096
        sweep.complete(sweep.launch(ours, index), sign * objective(ours.params))


def test_pruned_and_failed_trials_are_what_they_are_for_a_living_sampler() -> None:
    living = TPESampler()
    study = optuna.create_study(sampler=living)
    sweep = Sweeping()
    for index in range(50):
        reseed(living, seed_of("s", index, 0, "tpe.7.0"))
        trial = study.ask()
        theirs = ask_plain(trial)
        value = loss(theirs)
        ours = suggested(optimizer("tpe", failed="ignore").suggest(sweep.ledger, index))
        assert ours.params == pytest.approx(theirs, rel=1e-12)
        run = sweep.launch(ours, index)
        if index % 5 == 3:
            study.tell(trial, state=TrialState.FAIL)
            sweep.add(Complete(run, JobStatus.FAILED, ""))
        elif index % 5 == 4:
            trial.report(value, 1)
            trial.report(value + 1, 3)
            study.tell(trial, state=TrialState.PRUNED)
            sweep.add(
                Reached(run, 1, 1.0, 1.0, value),
                Reached(run, 1, 3.0, 3.0, value + 1),
                Stop(run, JobStatus.PRUNED, ""),
            )
        else:
            study.tell(trial, value)
            sweep.complete(run, value)


# -- pure


@pytest.mark.parametrize("kind", ["tpe", "cmaes", "qmc", "nsga2", "nsga3"])
def test_suggestions_depend_on_the_ledger_only_and_not_on_what_was_asked_before(kind: Kind) -> None:
    kept = optimizer(kind, population=5 if kind.startswith("nsga") else None)
    order = random.Random(1)
    sweep, waiting = Sweeping(), []
    for index in range(60):
        fresh = optimizer(kind, population=kept.settings.population)
        one, other = kept.suggest(sweep.ledger, index), fresh.suggest(sweep.ledger.fork(), index)
        assert one == other == kept.suggest(sweep.ledger, index)
        waiting.append((sweep.launch(suggested(one), index), suggested(one)))
        if len(waiting) == 4:
            run, suggestion = waiting.pop(order.randrange(4))
            sweep.complete(run, loss(suggestion.params))


@pytest.mark.parametrize(("kind", "bound"), [("cmaes", 0.05), ("nsga2", 0.6), ("tpe", 0.1)])
def test_with_parallel_and_late_trials_the_search_still_converges(kind: Kind, bound: float) -> None:
    sweep, waiting, values = Sweeping(), [], []
    for index in range(160):
        made = optimizer(kind, population=12 if kind == "nsga2" else None)
        answer = suggested(made.suggest(sweep.ledger, index))
        waiting.append((sweep.launch(answer, index), answer))
        if len(waiting) == 6:
            run, done = waiting.pop(0 if index % 7 else 3)
            values.append(loss(done.params))
            sweep.complete(run, values[-1])
    assert min(values) < bound


def test_the_trials_that_made_a_generation_make_it_again_when_others_come_late() -> None:
    made, sweep = optimizer("cmaes"), Sweeping()
    late = []
    for index in range(40):
        answer = suggested(made.suggest(sweep.ledger, index))
        run = sweep.launch(answer, index)
        if index in {3, 4}:
            late.append((run, answer))
        else:
            sweep.complete(run, loss(answer.params))
    before = suggested(made.suggest(sweep.ledger, 40))
    for run, answer in late:
        sweep.complete(run, loss(answer.params) - 100)

    after = suggested(made.suggest(sweep.ledger, 40))

    assert after.params == pytest.approx(before.params)


# -- the sweep file, and the library


def config_of(tmp_path: Path, text: str) -> SweepConfig:
    path = tmp_path / "sweep.yaml"
    path.write_text(
        f"program: train.py\nmetric: {{name: loss, goal: maximize}}\n{text}\n"
        "parameters: {x: {min: 0.0, max: 1.0}}\n"
    )
    return SweepConfig.load(path)


def test_bayes_of_wandb_is_tpe_and_a_note_says_so(tmp_path: Path) -> None:
    config = config_of(tmp_path, "method: bayes")
    made = optimizer_of(config)
    assert isinstance(made, ModelOptimizer)
    assert (made.settings.kind, made.goal) == ("tpe", "maximize")
    assert any("bayes is done by the optimizer tpe" in note for note in config.notes)


def test_the_settings_of_the_file_reach_the_sampler(tmp_path: Path) -> None:
    text = (
        "method: custom\njanitor: {optimizer: {type: cmaes, seed: 3, population: 9, n_startup: 4}}"
    )
    made = optimizer_of(config_of(tmp_path, text))
    assert isinstance(made, ModelOptimizer)
    assert made.settings == SamplerSettings("cmaes", 4, 9)
    assert made.seed == 3


@pytest.mark.parametrize(
    ("kind", "extra", "package"), [("tpe", "sweep", "optuna"), ("gp", "sweep-gp", "torch")]
)
def test_without_its_library_an_optimizer_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, extra: str, package: str
) -> None:
    config = config_of(tmp_path, f"method: custom\njanitor: {{optimizer: {{type: {kind}}}}}")
    missing = {package: None}
    monkeypatch.setattr(extras, "find_spec", lambda name: missing.get(name, True))
    with pytest.raises(UsageError, match=re.escape(f"pip install 'wandb-janitor[{extra}]'")):
        optimizer_of(config)


def test_grid_and_random_do_not_import_the_library() -> None:
    program = "import sys, janitor.sweep.optimizers; print('optuna' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_versions_name_the_library() -> None:
    assert optimizer("cmaes").versions().keys() == {"optuna", "numpy", "cmaes"}


# -- cost


def large(count: int) -> Ledger:
    building = Building()
    numbers = random.Random(1)
    for index in range(count):
        params = {"x": numbers.uniform(-5, 5), "y": 10 ** numbers.uniform(-3, 1)}
        building.launch(index, {**params, "k": numbers.randint(1, 200)})
        building.end(index, Ending.OK)
        building.add(Complete(run_id("s", index), JobStatus.COMPLETED, "", numbers.random()))
    return building.ledger


def calls(suggest: Callable[[], object]) -> int:
    """How many functions are called; unlike seconds, the same on every machine."""
    profile = cProfile.Profile()
    profile.runcall(suggest)
    return sum(one.callcount for one in profile.getstats())


def test_a_suggestion_after_ten_thousand_trials_costs_little_for_each_of_them() -> None:
    count = 10_000
    ledger = large(count)
    made = optimizer("tpe")
    assert calls(lambda: made.suggest(ledger, count)) < 280 * count
    assert calls(lambda: made.suggest(ledger, count + 1)) < 160 * count
