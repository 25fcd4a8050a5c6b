"""Other systems on the problems of the quality bench: ``peer_loops.py METHOD TABLE SEEDS``.

Run by :mod:`tests.bench.quality`, with the Python of the peer's environment. Each peer decides with
its own code what is tried and what is stopped; the trainings and their clock are ours, the same for
all: four at a time, and each epoch takes as long as any other. Prints one JSON line per problem and
seed.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

from problems import Problem, problems  # type: ignore[import-not-found] # noqa: E402

SLOTS = 4


class Peer:
    """What the loop asks of a peer."""

    def __init__(self, problem: Problem, seed: int) -> None:
        raise NotImplementedError

    def suggest(self, number: int) -> Mapping[str, Any]:
        """The params of the trial with this number."""
        raise NotImplementedError

    def goes_on(self, number: int, epoch: int, loss: float) -> bool:
        """Take in a report; whether the training goes on."""
        raise NotImplementedError

    def end(self, number: int, loss: float) -> None:
        """Take in the end of a training."""


class Optuna(Peer):
    """Optuna's TPE, with its pruner where there are epochs."""

    def __init__(self, problem: Problem, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
        self.study = optuna.create_study(
            sampler=optuna.samplers.TPESampler(seed=seed), pruner=pruner
        )
        self.trials: dict[int, Any] = {}
        self.problem, self.state = problem, optuna.trial.TrialState

    def suggest(self, number: int) -> Mapping[str, Any]:
        trial = self.trials[number] = self.study.ask()
        return {
            name: trial.suggest_categorical(name, list(rest))
            if kind == "choice"
            else trial.suggest_float(name, *rest, log=kind == "log")
            for name, (kind, *rest) in self.problem.space.items()
        }

    def goes_on(self, number: int, epoch: int, loss: float) -> bool:
        trial = self.trials[number]
        trial.report(loss, epoch)
        if self.problem.epochs > 1 and epoch < self.problem.epochs and trial.should_prune():
            self.study.tell(trial, state=self.state.PRUNED)
            return False
        return True

    def end(self, number: int, loss: float) -> None:
        self.study.tell(self.trials[number], loss)


class Ray(Peer):
    """Ray Tune's random search, with its ASHA where there are epochs."""

    def __init__(self, problem: Problem, seed: int) -> None:
        import numpy as np
        from ray import tune  # type: ignore[import-not-found]
        from ray.tune.schedulers import ASHAScheduler  # type: ignore[import-not-found]

        np.random.seed(seed)  # noqa: NPY002 - what Ray draws from
        random.seed(seed)
        self.space = {
            name: tune.choice(rest)
            if kind == "choice"
            else (tune.loguniform if kind == "log" else tune.uniform)(*rest)
            for name, (kind, *rest) in problem.space.items()
        }
        self.asha = ASHAScheduler(
            metric="loss", mode="min", max_t=problem.epochs, grace_period=1, reduction_factor=3
        )
        self.trials: dict[int, Any] = {}

    def suggest(self, number: int) -> Mapping[str, Any]:
        self.trials[number] = SimpleNamespace(trial_id=str(number))
        self.asha.on_trial_add(None, self.trials[number])
        return {name: domain.sample() for name, domain in self.space.items()}

    def goes_on(self, number: int, epoch: int, loss: float) -> bool:
        result = {"training_iteration": epoch, "loss": loss}
        return bool(self.asha.on_trial_result(None, self.trials[number], result) == "CONTINUE")

    def end(self, number: int, loss: float) -> None:  # noqa: ARG002 - it has the report
        self.asha.on_trial_complete(None, self.trials[number], {})


class SyneTune(Peer):
    """Syne Tune's BORE, or its ASHA where there are epochs."""

    def __init__(self, problem: Problem, seed: int) -> None:
        from syne_tune import config_space  # type: ignore[import-not-found]
        from syne_tune.optimizer import baselines  # type: ignore[import-not-found]

        space = {
            name: config_space.choice(rest)
            if kind == "choice"
            else (config_space.loguniform if kind == "log" else config_space.uniform)(*rest)
            for name, (kind, *rest) in problem.space.items()
        }
        common = {"config_space": space, "metric": "loss", "random_seed": seed}
        if problem.epochs > 1:
            self.made = baselines.ASHA(
                **common, time_attr="epoch", max_t=problem.epochs, reduction_factor=3
            )
        else:
            self.made = baselines.BORE(**common)
        self.trials: dict[int, Any] = {}

    def suggest(self, number: int) -> Mapping[str, Any]:
        from datetime import datetime

        from syne_tune.backend.trial_status import Trial  # type: ignore[import-not-found]

        config: dict[str, Any] = self.made.suggest().config
        self.trials[number] = Trial(number, config, datetime.now())  # noqa: DTZ005 - what it wants
        self.made.on_trial_add(self.trials[number])
        return config

    def goes_on(self, number: int, epoch: int, loss: float) -> bool:
        result = {"epoch": epoch, "loss": loss}
        return bool(self.made.on_trial_result(self.trials[number], result) == "CONTINUE")

    def end(self, number: int, loss: float) -> None:
        self.made.on_trial_complete(self.trials[number], {"epoch": 1, "loss": loss})


class Wandb(Peer):
    """W&B's sweeps: bayes, or random with hyperband where there are epochs."""

    def __init__(self, problem: Problem, seed: int) -> None:
        import numpy as np
        import sweeps  # type: ignore[import-not-found]

        np.random.seed(seed)  # noqa: NPY002 - what it draws from
        random.seed(seed)
        kinds = {"float": "uniform", "log": "log_uniform_values"}
        self.config: dict[str, Any] = {
            "method": "random" if problem.epochs > 1 else "bayes",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {
                name: {"values": rest}
                if kind == "choice"
                else {"distribution": kinds[kind], "min": rest[0], "max": rest[1]}
                for name, (kind, *rest) in problem.space.items()
            },
        }
        if problem.epochs > 1:
            self.config["early_terminate"] = {"type": "hyperband", "min_iter": 1, "eta": 3}
        self.runs: list[Any] = []
        self.sweeps = sweeps

    def suggest(self, number: int) -> Mapping[str, Any]:
        run = self.sweeps.next_run(self.config, self.runs)
        run.name, run.state = str(number), self.sweeps.RunState.running
        self.runs.append(run)
        return {name: value["value"] for name, value in run.config.items()}

    def goes_on(self, number: int, epoch: int, loss: float) -> bool:  # noqa: ARG002 - counts itself
        run = self.runs[number]
        run.history = [*run.history, {"loss": loss}]
        run.summary_metrics = {"loss": loss}
        if "early_terminate" not in self.config:
            return True
        stopped = {one.name for one in self.sweeps.stop_runs(self.config, self.runs)}
        if str(number) in stopped:
            run.state = self.sweeps.RunState.killed
            return False
        return True

    def end(self, number: int, loss: float) -> None:  # noqa: ARG002 - it has the report
        self.runs[number].state = self.sweeps.RunState.finished


PEERS: dict[str, type[Peer]] = {
    "optuna": Optuna,
    "ray": Ray,
    "syne-tune": SyneTune,
    "sweeps": Wandb,
}


def best(peer: Peer, problem: Problem) -> float:
    """The smallest loss within the budget."""
    open_: list[tuple[int, int, list[float]]] = []
    trials, used, found = 0, 0, float("inf")
    while used < problem.budget:
        while len(open_) < SLOTS:
            open_.append((trials, 0, list(problem.curve(peer.suggest(trials)))))
            trials += 1
        later = []
        for number, epoch, curve in open_:
            loss = curve[epoch]
            used, found = used + 1, min(found, loss)
            goes_on = peer.goes_on(number, epoch + 1, loss)
            if epoch + 1 == problem.epochs:
                peer.end(number, loss)
            elif goes_on:
                later.append((number, epoch + 1, curve))
        open_ = later
    return found


def main(method: str, table: str, seeds: int) -> None:
    """Print the results."""
    for problem in problems(Path(table)):
        for seed in range(seeds):
            found = best(PEERS[method](problem, seed), problem)
            line = {"problem": problem.name, "seed": seed, "best": found}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
