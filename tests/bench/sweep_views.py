"""What it costs to look at a large sweep: ``python -m tests.bench.sweep_views [TRIALS]``.

Makes the ledger of a sweep with planted effects, failures and early stops. Measures time and memory
of ``janitor sweep analyze`` and ``compare``, each in a process of its own.
"""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from janitor.model.jobs import Cause, Ending, JobStatus, JobTypes
from janitor.model.ledger_items import (
    Complete,
    Ended,
    Item,
    Launch,
    LedgerEntry,
    Reached,
    SpecAdded,
    Stop,
)
from janitor.records.sweep import dump_entry
from janitor.sweep.config import SweepConfig
from janitor.sweep.seeds import run_id

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SWEEP = """\
method: random
command: [sleep, "60"]
metric: {name: loss}
parameters:
  lr: {distribution: log_uniform_values, min: 0.00001, max: 0.1}
  decay: {min: 0.0, max: 1.0}
  dropout: {min: 0.0, max: 0.9}
  layers: {min: 1, max: 9}
  optimizer: {values: [adam, sgd, lion]}
janitor:
  scheduler: {type: asha, mode: stop, min: 1, max: 9, eta: 3}
  max_parallel_jobs: 8
  resources: {gpus: 1}
  dispatch: {local: {gpus: 8}}
"""
LIMIT_SECONDS, LIMIT_MEGABYTES = 20.0, 1_000.0


def make(folder: Path, trials: int, name: str = "large") -> None:
    """Write the ledger's files, without waiting for the disk."""
    (folder / f"{name}.yaml").write_text(SWEEP)
    config = SweepConfig.load(folder / f"{name}.yaml")
    place = folder / ".janitor" / "sweeps" / name / "ledger"
    place.mkdir(parents=True)
    for entry in entries(config, trials):
        (place / f"{entry.number:06d}.json").write_text(dump_entry(entry))


def entries(config: SweepConfig, trials: int) -> Iterator[LedgerEntry]:
    """One entry per launch, and one per end."""
    yield entry(1, 0.0, SpecAdded(1, config.digest, config.document, "/"))
    random, number = Random(config.name), 1
    kind = JobTypes.LAUNCH_TRAINING
    for index in range(trials):
        run, at = run_id(config.name, index), index * 10.0
        params: dict[str, Any] = {
            "lr": 10 ** random.uniform(-5, -1),
            "decay": random.random(),
            "dropout": 0.9 * random.random(),
            "layers": random.randint(1, 9),
            "optimizer": random.choice(["adam", "sgd", "lion"]),
        }
        launch = Launch(run, index, 1, kind, Cause.FIRST, "bench", 1, index, params=params)
        yield entry(number + 1, at, launch)
        number += 2
        yield entry(number, at + 80, *_end(run, params, random))


def _end(run: str, params: dict[str, Any], random: Random) -> list[Item]:
    kind = JobTypes.LAUNCH_TRAINING
    value = (math.log10(params["lr"]) + 3) ** 2 + 0.3 * params["decay"] + random.gauss(0, 0.05)
    host = f"node{random.randint(1, 4)}"
    if params["lr"] > 0.05:
        ended = Ended(run, 1, kind, Ending.FAILED, "it exited with 1", None, 1, 5, 5, host, 1)
        return [ended, Complete(run, JobStatus.FAILED, "no retry is left")]
    reached = [Reached(run, 1, rung, rung, value + 3 / rung) for rung in (1.0, 3.0)]
    if value > 1.5:
        ended = Ended(run, 1, kind, Ending.STOPPED, "it was stopped", value, 3, 27, 27, host)
        return [*reached, Stop(run, JobStatus.PRUNED, "not among the best third"), ended]
    ended = Ended(run, 1, kind, Ending.OK, "it ended", value, 9, 80, 80, host, 0)
    return [*reached, ended, Complete(run, JobStatus.COMPLETED, "all its jobs ended", value)]


def entry(number: int, seconds: float, *items: Item) -> LedgerEntry:
    """An entry of the ledger."""
    at = (BEGIN + timedelta(seconds=seconds)).isoformat()
    return LedgerEntry(number, f"n{number}", at, "decisions", items, {"janitor": "bench"})


def cost(folder: Path, *words: str) -> tuple[float, float, float]:
    """Seconds, CPU seconds and the peak of megabytes of a janitor command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    command = [sys.executable, "-m", "janitor", "sweep", *words]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    took, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, cpu, after.ru_maxrss / 1024


def main() -> int:
    """Make the sweeps, and print the figures; returns 1 where one is over its limit."""
    trials = int((*sys.argv[1:], "10000")[0])
    worst = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, trials)
        make(folder, trials, "other")
        sys.stdout.write(f"{trials:,} trials\n")
        for words in (
            ("analyze", "large", "--json"),
            ("analyze", "large", "--to", "page.html"),
            ("compare", "large", "other"),
        ):
            seconds, cpu, megabytes = cost(folder, *words)
            worst |= seconds > LIMIT_SECONDS or megabytes > LIMIT_MEGABYTES
            sys.stdout.write(
                f"sweep {' '.join(words):32} {seconds:5.1f} s, {cpu:5.1f} s of CPU,"
                f" {megabytes:5.0f} MB at most so far\n"
            )
    return int(worst)


if __name__ == "__main__":
    sys.exit(main())
