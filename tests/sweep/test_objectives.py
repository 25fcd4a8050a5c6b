"""Several objectives: fronts and their volume, one number made of several, constraints."""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna._hypervolume import compute_hypervolume
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIIISampler, NSGAIISampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Complete
from janitor.sweep.config.space import canonical
from janitor.sweep.configurations import best_configuration
from janitor.sweep.objectives import Constraint, Goal, Objective, front, hypervolume
from janitor.sweep.optimizers.samplers import Kind
from janitor.sweep.pareto import pareto_front, several
from janitor.sweep.seeds import seed_of
from janitor.sweep.verify import Comparison, verify
from tests.sweep.config.test_sweep_file import complaint
from tests.sweep.modelling import Sweeping, loss, optimizer
from tests.sweep.test_model_optimizers import ask_plain, asked, reseed
from tests.sweep.test_simulation import config_of, simulate

TWO = (Goal("loss", -1), Goal("speed", 1))


def points(count: int, objectives: int, *, seed: int = 1) -> list[tuple[float, ...]]:
    numbers = random.Random(seed)
    return [tuple(numbers.randrange(8) / 2 for _ in range(objectives)) for _ in range(count)]


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_a_front_is_what_no_other_point_dominates(objectives: int, seed: int) -> None:
    costs = points(40, objectives, seed=seed)
    dominated = {
        number
        for number, cost in enumerate(costs)
        for other in costs
        if other != cost and all(a <= b for a, b in zip(other, cost, strict=True))
    }
    assert front(costs) == [number for number in range(40) if number not in dominated]


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_the_hypervolume_is_that_of_optuna(objectives: int, seed: int) -> None:
    costs = points(30, objectives, seed=seed)
    reference = [3.0] * objectives
    inside = np.array([cost for cost in costs if all(each < 3 for each in cost)])
    assert len(inside)
    wanted = compute_hypervolume(inside, np.array(reference), assume_pareto=False)
    assert hypervolume(costs, reference) == pytest.approx(wanted)


def test_a_hypervolume_without_points_within_the_reference_is_zero() -> None:
    assert hypervolume([], (1.0, 1.0)) == hypervolume([(2.0, 0.0)], (1.0, 1.0)) == 0.0


@pytest.mark.parametrize(
    ("objective", "values", "worth"),
    [
        (Objective(TWO), {"loss": 2.0, "speed": 5.0}, 2.0),
        (Objective(TWO, "weighted_sum"), {"loss": 2.0, "speed": 5.0}, -3.0),
        (Objective(TWO, "weighted_sum", {"speed": 0.1}), {"loss": 2.0, "speed": 5.0}, 1.5),
        (Objective(TWO[::-1], "weighted_sum"), {"loss": 2.0, "speed": 5.0}, 3.0),
        (
            Objective(TWO, "chebyshev", {"speed": 2.0}, {"loss": 0.0, "speed": 9.0}, 0.0),
            {"loss": 2.0, "speed": 5.0},
            8.0,
        ),
        (
            Objective(TWO, "chebyshev", {}, {"loss": 0.0, "speed": 9.0}, 0.5),
            {"loss": 2.0, "speed": 5.0},
            4.0 + 0.5 * 6.0,
        ),
        (
            Objective(TWO[::-1], "chebyshev", {}, {"loss": 0.0, "speed": 9.0}, 0.0),
            {"loss": 2.0, "speed": 5.0},
            -4.0,
        ),
        (Objective(TWO, "epsilon_constraint"), {"loss": 2.0, "speed": 5.0}, 2.0),
    ],
)
def test_one_number_has_the_direction_of_the_first_metric(
    objective: Objective, values: Mapping[str, float], worth: float
) -> None:
    assert objective.of(values) == pytest.approx(worth)


def test_a_constraint_says_by_how_much_it_is_violated() -> None:
    both = Constraint("m", 1.0, 3.0)
    assert [both.violation(value) for value in (0.0, 1.0, 2.0, 3.0, 4.5)] == [1, 0, -1, 0, 1.5]


# -- optimizers


LIVING: dict[str, Any] = {
    "tpe": TPESampler,
    "nsga2": lambda: NSGAIISampler(population_size=8),
    "nsga3": lambda: NSGAIIISampler(population_size=8),
}


def speed(params: Mapping[str, Any]) -> float:
    return float(abs(params["x"] + 2) + params["k"] / 100)


@pytest.mark.parametrize("kind", ["tpe", "nsga2", "nsga3"])
@pytest.mark.parametrize("is_bounded", [False, True])
def test_with_several_objectives_a_sampler_that_is_built_again_equals_a_living_one(
    kind: Kind, *, is_bounded: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        living: BaseSampler = LIVING[kind]()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        sampler=living, directions=[StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]
    )
    constraints = (Constraint("k", most=60.0),) if is_bounded else ()
    objective = Objective(TWO, constraints=constraints)
    sweep = Sweeping()
    for index in range(50):
        reseed(living, seed_of("s", index, 0, f"{kind}.7.0"))
        trial = study.ask()
        theirs = ask_plain(trial)
        if is_bounded:
            trial.set_constraint("k", theirs["k"] - 60.0)
        study.tell(trial, [loss(theirs), speed(theirs)])

        population = 8 if kind != "tpe" else None
        made = optimizer(kind, population=population, objective=objective)
        ours = asked(made, sweep.ledger, index)
        assert canonical(ours.params) == canonical(theirs)
        run = sweep.launch(ours, index)
        values = {"loss": loss(theirs), "speed": speed(theirs), "k": theirs["k"]}
        violations = objective.violations(values)
        goals = {"loss": values["loss"], "speed": values["speed"]}
        sweep.add(Complete(run, JobStatus.COMPLETED, "", values["loss"], goals, violations))
    assert study.get_trials(states=(TrialState.COMPLETE,))


def test_what_lacks_an_objective_is_not_known_to_the_model() -> None:
    made, sweep = optimizer("nsga2", objective=Objective(TWO), population=4), Sweeping()
    for index in range(6):
        run = sweep.launch(asked(made, sweep.ledger, index), index)
        goals = {"loss": 1.0, "speed": float(index)} if index else {}
        sweep.add(Complete(run, JobStatus.COMPLETED, "", 1.0, goals))
    seen, _ = made._seen.of(sweep.ledger)  # noqa: SLF001 - what the model gets
    states = [trial.state for trial in made._trials(seen, 6, 0)]  # noqa: SLF001 - the same
    assert states == [TrialState.FAIL, *[TrialState.COMPLETE] * 5]


# -- sweeps

TRADE = """\
metric:
metrics: [{name: loss}, {name: speed, goal: maximize}]
run_cap: 40
"""


def trade(params: Mapping[str, Any], seed: int) -> list[Mapping[str, float]]:  # noqa: ARG001 - as curves are
    """All x from 0 to 0.5 are on the front."""
    x = params["x"]
    return [{"loss": x * x, "speed": 1 - (x - 0.5) ** 2, "memory": abs(x)}]


@pytest.mark.parametrize("kind", ["random", "tpe", "nsga2", "nsga3"])
def test_a_sweep_with_two_metrics_has_a_front_and_is_decided_again(kind: str) -> None:
    population = ", population: 8" if kind.startswith("nsga") else ""
    config = config_of(f"{TRADE}janitor: {{optimizer: {{type: {kind}{population}}}}}")

    outcome = simulate(config, trade)

    ledger = Ledger.of(config.name, outcome.store.entries())
    shown = several(ledger, config.limits.objective)
    xs = [trial.params["x"] for trial in pareto_front(ledger, config.limits.objective)]
    assert all(-0.5 <= x <= 1 for x in xs)
    assert len(xs) > 3
    assert shown["hypervolume"] > 0
    assert set(shown["hypervolume_reference"]) == {"loss", "speed"}
    checked = list(verify(config.name, outcome.store.entries()))
    assert {each.comparison for each in checked} == {Comparison.SAME}


def test_a_model_finds_more_of_the_front_than_random_draws() -> None:
    def volume(kind: str, seed: int) -> float:
        text = f"{TRADE}janitor: {{optimizer: {{type: {kind}, seed: {seed}}},"
        text += " objective: {reference: {loss: 1.0, speed: 0.0}}}"
        config = config_of(text.replace("run_cap: 40", "run_cap: 30"))
        ledger = Ledger.of(config.name, simulate(config, trade).store.entries())
        return float(several(ledger, config.limits.objective)["hypervolume"])

    pairs = [(volume("tpe", seed), volume("random", seed)) for seed in range(5)]
    assert sum(one > other for one, other in pairs) >= 4


@pytest.mark.parametrize(
    ("objective", "x"),
    [
        ("{type: weighted_sum, weights: {loss: 3}}", 0.125),
        ("{type: chebyshev, reference: {loss: 0, speed: 1}, rho: 0}", 0.25),
        ("{type: epsilon_constraint, constraints: {speed: {min: 0.99}}}", 0.4),
    ],
)
def test_one_number_made_of_two_metrics_is_what_the_sweep_optimizes(
    objective: str, x: float
) -> None:
    config = config_of(f"{TRADE}janitor: {{optimizer: {{type: tpe}}, objective: {objective}}}")
    outcome = simulate(config, trade)
    assert outcome.best_params["x"] == pytest.approx(x, abs=0.08)
    ledger = Ledger.of(config.name, outcome.store.entries())
    (end,) = [one.end for one in ledger.trials.values() if one.run == outcome.best_run]
    assert end is not None
    assert end.objective == config.limits.objective.of(end.values)


def test_a_constraint_of_a_single_metric_excludes_from_the_best() -> None:
    text = "janitor: {optimizer: {type: tpe}, objective: {constraints: {memory: {min: 0.6}}}}"
    config = config_of(f"run_cap: 40\n{text}")
    outcome = simulate(config, trade)
    ledger = Ledger.of(config.name, outcome.store.entries())
    best = best_configuration(ledger, config.limits.sign)
    assert best is not None
    assert 0.6 <= abs(best.params["x"]) < 0.7
    reasons = [one.end.reason for one in ledger.trials.values() if one.end is not None]
    assert any("it violates the constraint of memory" in reason for reason in reasons)


def test_a_trial_that_lacks_a_metric_has_failed() -> None:
    config = config_of(f"{TRADE}janitor: {{brake: {{first_failures: 2}}}}")
    outcome = simulate(config, lambda params, _: [{"loss": params["x"]}])
    ledger = Ledger.of(config.name, outcome.store.entries())
    reasons = {one.end.reason for one in ledger.trials.values() if one.end is not None}
    assert reasons == {"it ended well, but speed was never reported"}


# -- the sweep file

TWO_METRICS = "metrics: [{name: loss}, {name: speed, goal: maximize}]"


@pytest.mark.parametrize(
    ("metrics", "ours", "said"),
    [
        (f"metric: {{name: loss}}\n{TWO_METRICS}", "{}", "metric and metrics contradict"),
        ("metrics: [{name: a}, {name: a}]", "{}", "metrics names 'a' twice"),
        ("metrics: [{name: a, target: 1}, {name: b}]", "{}", "metrics has a target"),
        ("metrics: []", "{}", "metrics"),
        (TWO_METRICS, "{optimizer: {type: cmaes}}", "cmaes has one objective"),
        ("metric: {name: loss}", "{objective: {type: chebyshev}}", "is for several metrics"),
        (TWO_METRICS, "{objective: {weights: {los: 1}}}", "names 'los', which is not one of the"),
        (TWO_METRICS, "{objective: {weights: {loss: 1}}}", "weights is not a setting of pareto"),
        (TWO_METRICS, "{objective: {type: chebyshev, reference: {loss: 1}}}", "lacks speed"),
        (TWO_METRICS, "{objective: {reference: {loss: 1}}}", "lacks speed: name every metric"),
        (TWO_METRICS, "{objective: {type: epsilon_constraint}}", "constraints is missing"),
        (TWO_METRICS, "{objective: {constraints: {m: {}}}}", "needs min or max"),
        (TWO_METRICS, "{objective: {constraints: {m: {min: 2, max: 1}}}}", "cannot be met"),
    ],
)
def test_an_objective_that_cannot_be_used_is_named(
    tmp_path: Path, metrics: str, ours: str, said: str
) -> None:
    text = f"method: custom\nprogram: t.py\n{metrics}\nparameters: {{x: {{min: 0.0, max: 1.0}}}}\n"
    if "optimizer" not in ours:
        text = text.replace("custom", "random")
    assert said in complaint(tmp_path, f"{text}janitor: {ours}\n")
