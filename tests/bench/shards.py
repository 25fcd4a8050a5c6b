"""Counts what several janitors ask of the server for the sweeps that they share.

``python tests/bench/shards.py [--sweeps 40] [--runs 50000]``: an emulator on this machine, 50 ms
added to each request, 1 % of the runs to repair; the same project once for a single pass, once
for 2 and once for 4 shards, each a process, all at once. Shards must not ask for runs more often
than one pass does. On one machine the time tells little: they share its cores.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from janitor.emulator import EmulatorProcess

PROJECT = "acme/rl"
LATENCY = 0.05
COUNTS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Measurement:
    """All shards of a pass together."""

    pages: int
    """Requests for pages of runs."""
    other_reads: int
    """For sweeps, the login, the fresh reads of runs to be repaired."""
    writes: int
    seconds: float
    peak_mb: float
    """Of the largest process, without wandb-core."""


def seed(sweeps: int, runs: int) -> Iterator[dict[str, Any]]:
    """So many runs in so many sweeps; one in a hundred finished without setting its state."""
    for number in range(sweeps):
        base = {
            "project": PROJECT,
            "sweep": f"s{number}",
            "state": "finished",
            "created_at": "-5h",
            "heartbeat_at": "-4h",
        }
        each = runs // sweeps
        due = each // 100
        done = {"protein.state": "success", "protein.objective": 0.9}
        yield {**base, "name": f"done-{number}", "count": each - due, "summary": done}
        left = {"protein.state": "running", "protein.objective": 0.5}
        yield {**base, "name": f"due-{number}", "count": due, "summary": left}


def measure(count: int, emulator: EmulatorProcess, folder: Path) -> Measurement:
    """Run all shards at once, to their ends."""
    emulator.reset_counts()
    begun = time.perf_counter()
    processes = [start(index, count, emulator, folder) for index in range(1, count + 1)]
    peaks = [0.0]
    while any(process.poll() is None for process in processes):
        peaks += [memory(process.pid) for process in processes if process.poll() is None]
        time.sleep(0.02)
    seconds = time.perf_counter() - begun
    if any(process.returncode for process in processes):
        raise SystemExit(f"a shard failed: {[process.returncode for process in processes]}")
    counts = emulator.counts
    pages = counts.fields["project.runs"]
    return Measurement(
        pages, counts.queries - pages, sum(counts.edits.values()), seconds, max(peaks)
    )


def start(index: int, count: int, emulator: EmulatorProcess, folder: Path) -> subprocess.Popen[str]:
    """One shard."""
    own = folder / str(index)
    own.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "janitor", "fix", "--project", PROJECT, "--max-changes=100000"]
        + ([] if count == 1 else [f"--shard={index}/{count}"]),
        env=emulator.environment(own),
        cwd=own,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def memory(process: int) -> float:
    """The process's own high-water mark so far, in MB."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return max(
        (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), default=0.0
    )


def main() -> None:
    """Measure 1, 2 and 4 shards, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweeps", type=int, default=40)
    parser.add_argument("--runs", type=int, default=50_000)
    options = parser.parse_args()
    measured = {}
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as folder, EmulatorProcess(latency=LATENCY) as emulator:
            emulator.seed(list(seed(options.sweeps, options.runs)))
            measured[count] = measure(count, emulator, Path(folder))
        sys.stderr.write(f"{count} shards: {measured[count]}\n")
    sys.stdout.write(table(measured))
    if any(one.pages > measured[1].pages for one in measured.values()):
        raise SystemExit("shards ask for runs more often than one pass does")


def table(measured: dict[int, Measurement]) -> str:
    """The figures, for people."""
    lines = [
        "| shards | pages of runs | other reads | writes | time | peak memory of one |",
        "|---|---|---|---|---|---|",
    ]
    whole = measured[1]
    for count, one in measured.items():
        time_of, memory_of = one.seconds / whole.seconds, one.peak_mb / whole.peak_mb
        figures = f"{one.pages} | {one.other_reads} | {one.writes}"
        lines.append(f"| {count} | {figures} | {time_of:.1f} x | {memory_of:.1f} x |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
