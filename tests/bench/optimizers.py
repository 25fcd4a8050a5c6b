"""How good our optimizers are: ``python -m tests.bench.optimizers [SEEDS] [TRIALS]``.

Each sampler of Optuna in Optuna's own loop, with the study kept alive, beside the same sampler as
an optimizer of a simulated sweep. Both get the same problems, the same number of trials, and the
same number of open trials; the oldest open one ends first. The figures are the best value found,
as the distance from the optimum: median and quartiles over the seeds. The table is in the manual,
"Optimizers".
"""

from __future__ import annotations

import itertools
import math
import statistics
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import Trial

from janitor.sweep.config import SweepConfig
from janitor.sweep.simulation.variants import simulated, variants_of

Params = Mapping[str, Any]


def branin(p: Params) -> float:
    """Branin and Hoo; the optimum is 0.397887."""
    x, y = p["x0"], p["x1"]
    bent = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return float(bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.39788735772973816)


_A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
      [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]  # fmt: skip
_P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
      [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]  # fmt: skip


def hartmann(p: Params) -> float:
    """Hartmann in six dimensions; the optimum is -3.32237."""
    x = [p[f"x{number}"] for number in range(6)]
    total = 0.0
    for weight, a, b in zip((1.0, 1.2, 3.0, 3.2), _A, _P, strict=True):
        inner = sum(k * (v - c / 1e4) ** 2 for k, v, c in zip(a, x, b, strict=True))
        total += weight * math.exp(-inner)
    return 3.322368011415515 - total


def rosenbrock(p: Params) -> float:
    """Rosenbrock in five dimensions; the optimum is 0."""
    x = [p[f"x{number}"] for number in range(5)]
    pairs = itertools.pairwise(x)
    return float(sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairs))


def training(p: Params) -> float:
    """A made-up training, in which a choice has a parameter of its own; the optimum is 0."""
    loss = (math.log10(p["lr"]) + 2.5) ** 2 / 4 + abs(p["layers"] - 5) / 10
    if p["kind"] == "sgd":
        return float(loss + (p["momentum"] - 0.9) ** 2)
    return float(loss + 0.05)


@dataclass(frozen=True)
class Problem:
    """A function, its sweep file's parameters, and how Optuna asks for them."""

    name: str
    function: Callable[[Params], float]
    parameters: Mapping[str, Any]
    ask: Callable[[Trial], dict[str, Any]]


def box(name: str, function: Callable[[Params], float], *bounds: tuple[float, float]) -> Problem:
    """A problem whose parameters are numbers in a box."""
    parameters = {
        f"x{number}": {"min": float(low), "max": float(high)}
        for number, (low, high) in enumerate(bounds)
    }
    return Problem(
        name,
        function,
        parameters,
        lambda trial: {
            name: trial.suggest_float(name, each["min"], each["max"])
            for name, each in parameters.items()
        },
    )


def ask_training(trial: Trial) -> dict[str, Any]:
    """The space of :func:`training`, in Optuna's words."""
    params: dict[str, Any] = {
        "lr": trial.suggest_float("lr", 1e-5, 1, log=True),
        "layers": trial.suggest_int("layers", 1, 12),
        "kind": trial.suggest_categorical("kind", ["adam", "sgd"]),
    }
    if params["kind"] == "sgd":
        params["momentum"] = trial.suggest_float("momentum", 0, 1)
    return params


TRAINING = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
    "layers": {"min": 1, "max": 12},
    "kind": {"values": ["adam", "sgd"]},
    "momentum": {"min": 0.0, "max": 1.0, "when": {"kind": "sgd"}},
}
PROBLEMS = (
    box("Branin", branin, (-5, 10), (0, 15)),
    box("Hartmann 6", hartmann, *[(0, 1)] * 6),
    box("Rosenbrock 5", rosenbrock, *[(-2, 2)] * 5),
    Problem("training", training, TRAINING, ask_training),
)
SAMPLERS: Mapping[str, Callable[[int], BaseSampler]] = {
    "random": lambda seed: RandomSampler(seed=seed),
    "qmc": lambda seed: QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False),
    "tpe": lambda seed: TPESampler(seed=seed),
    "cmaes": lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "nsga2": lambda seed: NSGAIISampler(seed=seed, population_size=20),
}


def theirs(problem: Problem, sampler: BaseSampler, trials: int, slots: int) -> float:
    """The best value of Optuna's own loop."""
    study = optuna.create_study(sampler=sampler)
    waiting: list[tuple[Trial, float]] = []
    for _ in range(trials):
        if len(waiting) == slots:
            study.tell(*waiting.pop(0))
        trial = study.ask()
        waiting.append((trial, problem.function(problem.ask(trial))))
    for each in waiting:
        study.tell(*each)
    return study.best_value


def ours(problem: Problem, kind: str, trials: int, slots: int, seed: int) -> float:
    """The best value of a simulated sweep."""
    optimizer: dict[str, Any] = {"type": kind}
    if kind == "nsga2":
        optimizer["population"] = 20
    document = {
        "method": "custom",
        "program": "x",
        "metric": {"name": "loss"},
        "parameters": problem.parameters,
        "run_cap": trials,
        "janitor": {"optimizer": {**optimizer, "seed": seed}, "max_parallel_jobs": slots},
    }
    # A little longer each time, so that the oldest open trial ends first.
    counted = iter(range(10 * trials))
    config = SweepConfig.from_document(document, "/", "bench")
    (variant,) = variants_of(config)
    outcome = simulated(
        variant,
        lambda params, _: [{"loss": problem.function(params), "seconds": 100 + next(counted) / 9}],
    )
    return math.inf if outcome.best is None else outcome.best


def shown(values: Sequence[float]) -> str:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def main(seeds: int, trials: int) -> None:
    """Print the table."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    sys.stdout.write(f"| problem | optimizer | slots | janitor | Optuna {optuna.__version__} |\n")
    sys.stdout.write("|---|---|---|---|---|\n")
    for problem in PROBLEMS:
        for kind, make in SAMPLERS.items():
            for slots in (1, 8):
                mine = [ours(problem, kind, trials, slots, seed) for seed in range(seeds)]
                peer = [theirs(problem, make(seed), trials, slots) for seed in range(seeds)]
                row = [problem.name, kind, str(slots), shown(mine), shown(peer)]
                sys.stdout.write(f"| {' | '.join(row)} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(*(int(word) for word in [*sys.argv[1:], "20", "100"][:2]))
