"""Measures what `janitor fix` costs before and beside its work: 10 runs, against `wandb.Api()`.

``python -m tests.bench.startup [--rounds 9]``: an emulator on this machine without added latency, a
sweep of ten runs of which none needs a repair. Both commands run in turn, after one round that
warms the file caches. CPU time is that of the command's process and the processes that it started
(wandb-core); wall time depends on the load of the machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from janitor.emulator import EmulatorProcess

PROJECT, SWEEP = "acme/rl", "small"
COMMANDS = {
    "janitor fix": [sys.executable, "-m", "janitor", "fix", "--sweep", f"{PROJECT}/{SWEEP}"],
    "wandb.Api()": [sys.executable, "-c", "import wandb; wandb.Api()"],
}


@dataclass(frozen=True, slots=True)
class Spent:
    """The time of one process."""

    wall: float
    own_cpu: float
    """Of the process itself and of what it waited for, in seconds."""


def seed() -> list[dict[str, object]]:
    """Ten runs that are done."""
    return [
        {
            "project": PROJECT,
            "sweep": SWEEP,
            "name": "done",
            "count": 10,
            "state": "finished",
            "created_at": "-5h",
            "heartbeat_at": "-4h",
            "summary": {"protein.state": "success", "protein.objective": 0.9},
        }
    ]


def spend(command: list[str], environment: dict[str, str], folder: Path) -> Spent:
    """Run a command to its end."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
    return Spent(wall, usage.ru_utime + usage.ru_stime)


def main() -> None:
    """Measure both in turn, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    spent: dict[str, list[Spent]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess() as emulator:
        emulator.seed(seed())
        environment = dict(emulator.environment(Path(folder)))
        for turn in range(rounds + 1):
            for name, command in COMMANDS.items():
                one = spend(command, environment, Path(folder))
                if turn:
                    spent[name].append(one)
    for name, all_of_one in spent.items():
        cpu, wall = (median(getattr(one, k) for one in all_of_one) for k in ("own_cpu", "wall"))
        sys.stdout.write(f"{name}: {cpu:.2f} s CPU, {wall:.2f} s wall (median of {rounds})\n")
    ours, theirs = spent.values()
    for kind in ("own_cpu", "wall"):
        ratio = median(getattr(one, kind) for one in ours) / median(
            getattr(one, kind) for one in theirs
        )
        sys.stdout.write(f"ratio of {kind}: {ratio:.2f}\n")


if __name__ == "__main__":
    main()
