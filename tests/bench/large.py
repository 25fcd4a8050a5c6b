"""Measures a pass over a large organisation: 100,000 runs in 40 sweeps, 0.5 % to repair.

``python -m tests.bench.large [--runs 100000] [--sweeps 40]``: an emulator on this machine without
added latency. Prints the janitor's own peak memory and CPU time (without wandb-core, without the
server), and how many requests it made.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from janitor.emulator import EmulatorProcess
from tests.bench.scan import PROJECT, measure, seed


def main() -> None:
    """Measure one pass, and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--sweeps", type=int, default=40)
    options = parser.parse_args()
    each = options.runs // options.sweeps
    rows = [
        {**row, "sweep": f"s{number}", "name": f"{row['name']}-{number}"}
        for number in range(options.sweeps)
        for row in seed(each, each // 200)
    ]
    command = [
        sys.executable,
        "-m",
        "janitor",
        "fix",
        "--project",
        PROJECT,
        "--max-changes",
        "5000",
    ]
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess() as emulator:
        emulator.seed(
            {
                "sweeps": [{"name": f"s{n}", "project": PROJECT} for n in range(options.sweeps)],
                "runs": rows,
            }
        )
        one = measure(command, emulator, Path(folder))
    sys.stdout.write(
        f"{options.runs:,} runs in {options.sweeps} sweeps: {one.reads} reads, {one.writes} writes,"
        f" {one.megabytes:.0f} MB; own peak memory {one.peak_mb:.0f} MB, own CPU time"
        f" {one.own_seconds:.1f} s, {one.seconds:.1f} s in all\n"
    )


if __name__ == "__main__":
    main()
