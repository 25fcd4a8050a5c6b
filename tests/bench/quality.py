"""How good sweeps are, beside other systems: ``python -m tests.bench.quality [SEEDS]``.

Our optimizers and schedulers, Optuna's own loop, Ray Tune, Syne Tune and W&B's bayes and hyperband
on the same problems, with the same budget and four trainings at a time. Peers get environments of
their own in ``.venv-peers``; one that cannot be installed is named and left out. The figures are
the smallest loss within the budget: median and quartiles over the seeds. The table is in the
manual, "Optimizers".
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from janitor.model.ledger import Ledger
from janitor.model.trial import Trial
from janitor.sweep.config import SweepConfig
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.simulation import Simulation
from janitor.sweep.simulation.simulate import START
from tests.bench.problems import Problem, problems, train_digits

FOLDER = Path(__file__).parent
ENVIRONMENTS = FOLDER.parents[1] / ".venv-peers"
PACKAGES: Mapping[str, Sequence[str]] = {
    "optuna": ["optuna==5.0.0"],
    "ray": ["ray[tune]==2.60.0"],
    "syne-tune": ["syne-tune==0.16.0"],
    "sweeps": ["sweeps==0.3.0", "scikit-learn", "pandas<3"],
}
PEERS: Mapping[str, tuple[str, str, str]] = {
    "optuna": ("optuna", "Optuna: tpe", "Optuna: tpe, successive halving"),
    "ray": ("ray", "Ray Tune: random", "Ray Tune: random, ASHA"),
    "syne-tune": ("syne-tune", "Syne Tune: BORE", "Syne Tune: random, ASHA"),
    "sweeps": ("sweeps", "W&B: bayes", "W&B: random, hyperband"),
}
"""A method of ``peer_loops.py`` → its environment, and its names without and with epochs."""
SINGLE: Mapping[str, Any] = {
    "random": {"optimizer": {"type": "random"}},
    "tpe": {"optimizer": {"type": "tpe"}},
    "cmaes": {"optimizer": {"type": "cmaes"}},
    "gp": {"optimizer": {"type": "gp"}},
}
_ASHA = {"type": "asha", "max": 27, "resource": "epoch"}
EPOCHS: Mapping[str, Any] = {
    f"{kind}, {name}": {"optimizer": {"type": kind}, "scheduler": scheduler}
    for kind in ("random", "tpe")
    for name, scheduler in {
        "ASHA promote": _ASHA,
        "ASHA stop": {**_ASHA, "mode": "stop"},
    }.items()
}
SLOTS = 4


def parameters(problem: Problem) -> dict[str, Any]:
    """The space as in a sweep file."""
    names = {"float": "uniform", "log": "log_uniform_values"}
    return {
        name: {"values": list(rest)}
        if kind == "choice"
        else {"distribution": names[kind], "min": rest[0], "max": rest[1]}
        for name, (kind, *rest) in problem.space.items()
    }


def ours(problem: Problem, settings: Mapping[str, Any], seed: int) -> float:
    """The smallest loss of a simulated sweep within the budget."""
    seconds = problem.budget / SLOTS
    optimizer = {**settings["optimizer"], "seed": seed}
    document = {
        "method": "custom",
        "program": "x",
        "metric": {"name": "loss"},
        "parameters": parameters(problem),
        "run_cap": problem.budget,
        "janitor": {
            **settings,
            "optimizer": optimizer,
            "max_parallel_jobs": SLOTS,
            "budget": {"deadline": f"{seconds}s"},
        },
    }
    config = SweepConfig.from_document(document, "/", "bench")

    def curve(params: Mapping[str, Any], _: int) -> list[dict[str, float]]:
        losses = enumerate(problem.curve(params), 1)
        return [{"loss": loss, "epoch": epoch, "seconds": 1} for epoch, loss in losses]

    made = Simulation(config, scheduler_of(config), optimizer_of(config), curve)
    ledger = Ledger.of("bench", made.run().store.entries())
    found = [
        min(problem.curve(trial.params)[:epochs])
        for trial in ledger.trials.values()
        if (epochs := _epochs(trial, seconds)) > 0
    ]
    return min(found)


def _epochs(trial: Trial, seconds: float) -> int:
    """How many epochs a trial was trained before this time."""
    total = 0.0
    for job in trial.trainings:
        begun = (datetime.fromisoformat(job.at) - START).total_seconds()
        took = job.ended.seconds if job.ended is not None and job.ended.seconds else 0.0
        total += max(0.0, min(took, seconds - begun))
    return int(total)


def python_of(peer: str) -> Path | None:
    """The Python of a peer's environment, which is made if it is missing; None if it cannot be."""
    folder = ENVIRONMENTS / peer
    python = folder / "bin" / "python"
    if (folder / ".ready").exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    command = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES[peer]]
    if subprocess.run(command, check=False).returncode:
        return None
    (folder / ".ready").touch()
    return python


def theirs(method: str, table: Path, seeds: int) -> dict[str, list[float]]:
    """The results of a peer by problem; none if it cannot be installed or fails."""
    python = python_of(PEERS[method][0])
    if python is None:
        sys.stderr.write(f"{method} is left out: it cannot be installed\n")
        return {}
    command = [str(python), str(FOLDER / "peer_loops.py"), method, str(table), str(seeds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.stderr.write(f"{method} ended with {done.returncode}: what it printed counts\n")
    found: dict[str, list[float]] = {}
    for line in done.stdout.splitlines():
        if line.startswith('{"problem"'):
            document = json.loads(line)
            found.setdefault(document["problem"], []).append(document["best"])
    return found


def shown(values: Sequence[float]) -> str:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def main(seeds: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "digits.json"
        train_digits(table)
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda method: theirs(method, table, seeds), PEERS)
            peers = dict(zip(PEERS, found, strict=True))
        sys.stdout.write("| problem | system | smallest loss |\n|---|---|---|\n")
        for problem in problems(table):
            has_epochs = problem.epochs > 1
            rows: dict[str, list[float]] = {}
            for name, settings in (EPOCHS if has_epochs else SINGLE).items():
                try:
                    values = [ours(problem, settings, seed) for seed in range(seeds)]
                except Exception as error:  # noqa: BLE001 - gp needs torch; the reason is shown
                    sys.stderr.write(f"janitor: {name} is left out: {error}\n")
                    continue
                rows[f"janitor: {name}"] = values
            for method, results in peers.items():
                name = PEERS[method][1 + has_epochs]
                if problem.name in results:
                    rows[name] = results[problem.name]
            for name, values in sorted(rows.items(), key=lambda row: statistics.median(row[1])):
                sys.stdout.write(f"| {problem.name} | {name} | {shown(values)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
