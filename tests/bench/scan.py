"""Measures a pass beside the scripts that people write in its place, side by side in one run.

``make bench``, or ``python tests/bench/scan.py [--runs 20000] [--loop-runs 300]``: an emulator on
this machine, 50 ms added to each request, runs of 100 summary, 80 config, 80 system and 150
history keys, 1 % of them to repair. Prints the table in docs/performance.md: figures are
ratios, since machines differ. The plain loop is timed on fewer runs, and its time is scaled up:
a request a run grows linearly.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import psutil

from janitor.emulator import EmulatorProcess

PROJECT, SWEEP = "acme/rl", "bench"
LATENCY = 0.05
ACTIVE_SHARE = 4
"""One change in so many is of a run that W&B does not call ended."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One process, from outside."""

    seconds: float
    peak_mb: float
    """Of the process itself, without wandb-core."""
    reads: int
    writes: int
    megabytes: float
    """That the server sent."""
    own_seconds: float
    """CPU time of the process itself, without wandb-core and the server."""


def seed(runs: int, due: int) -> list[dict[str, Any]]:
    """The runs: most are done, the same number as is due are alive, the rest is to be repaired."""
    wide = {f"metric/{index}": index * 1.000001 for index in range(96)}
    base = {
        "project": PROJECT,
        "sweep": SWEEP,
        "config": {f"parameter_{index}": index for index in range(80)},
        "history": [{f"logged/{index}": index for index in range(150)}],
        "system_metrics": {f"system/gpu.{index}.powerWatts": index * 3.7 for index in range(80)},
        "created_at": "-5h",
    }
    done = {**wide, "protein.state": "success", "protein.objective": 0.9, "protein.cost": 1.0}
    rows = [
        {
            **base,
            "name": "done",
            "count": runs - 2 * due,
            "state": "finished",
            "heartbeat_at": "-4h",
            "summary": done,
        },
        {
            **base,
            "name": "alive",
            "count": due,
            "state": "running",
            "heartbeat_at": "-20s",
            "summary": {**wide, "protein.state": "running"},
        },
    ]
    for index in range(due):
        active = index % ACTIVE_SHARE == 0
        summary: dict[str, Any] = {**wide, "protein.state": "running"}
        rows.append(
            {
                **base,
                "name": f"due-{index}",
                "state": "running" if active else "finished",
                "heartbeat_at": f"-{60 + index}m",
                "summary": summary if active else {**summary, "protein.objective": 0.5},
            }
        )
    return rows


def measure(command: list[str], emulator: EmulatorProcess, folder: Path) -> Measurement:
    """Run a command against the emulator as it was seeded."""
    emulator.reset_counts()
    peak, own = [0.0], [0.0]
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=emulator.environment(folder),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watcher = Thread(target=_watch, args=(process, peak, own))
    watcher.start()
    _, errors = process.communicate()
    seconds = time.perf_counter() - began
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {errors}")
    counts = emulator.counts
    sent = sum(request.bytes_out for request in emulator.requests)
    return Measurement(seconds, peak[0], counts.queries, counts.mutations, sent / 1e6, own[0])


def _watch(process: subprocess.Popen[str], peak: list[float], own: list[float]) -> None:
    """Read the process's own high-water mark and CPU time while it lives."""
    watched = psutil.Process(process.pid)
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            lines = status.read_text().splitlines()
            times = watched.cpu_times()
        except (OSError, psutil.Error):
            return
        own[0] = max(own[0], times.user + times.system)
        for line in lines:
            if line.startswith("VmHWM:"):
                peak[0] = max(peak[0], int(line.split()[1]) / 1024)
        time.sleep(0.02)


def main() -> None:
    """Measure all three, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--loop-runs", type=int, default=300)
    parser.add_argument("--only", choices=["janitor"], help="leave the peers out")
    options = parser.parse_args()
    due = options.runs // 100
    rows = seed(options.runs, due)
    peers = str(Path(__file__).with_name("peers.py"))
    python = sys.executable
    commands = {
        "janitor fix": [python, "-m", "janitor", "fix", "--sweep", f"{PROJECT}/{SWEEP}"],
        "tuned script": [python, peers, "tuned", PROJECT, SWEEP],
        "plain loop": [python, peers, "loop", PROJECT, SWEEP, str(options.loop_runs)],
    }
    if options.only:
        commands = {"janitor fix": commands["janitor fix"]}
    measured = {}
    for name, command in commands.items():
        with tempfile.TemporaryDirectory() as folder, EmulatorProcess(latency=LATENCY) as emulator:
            emulator.seed(rows)
            measured[name] = measure(command, emulator, Path(folder))
        sys.stderr.write(f"{name}: {measured[name]}\n")
    if not options.only:
        scale = options.runs / options.loop_runs
        sys.stdout.write(table(measured, scale, options.runs, due))


def table(measured: dict[str, Measurement], scale: float, runs: int, due: int) -> str:
    """The figures as ratios to the janitor's."""
    ours = measured["janitor fix"]
    lines = [
        f"{runs:,} runs, {due} to repair, 50 ms added to each request:",
        "",
        "| | time | requests | MB from the server | peak memory |",
        "|---|---|---|---|---|",
    ]
    for name, one in measured.items():
        by = scale if name == "plain loop" else 1.0
        requests = (one.reads + one.writes) * by
        cells = (
            f"{one.seconds * by / ours.seconds:.1f} x",
            f"{requests / (ours.reads + ours.writes):.1f} x",
            f"{one.megabytes * by / ours.megabytes:.1f} x",
            f"{one.peak_mb / ours.peak_mb:.1f} x",
        )
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    reading = f"{ours.reads} reads and {ours.writes} writes, {ours.megabytes:.1f} MB"
    lines += ["", f"The janitor's own: {reading}, {ours.peak_mb:.0f} MB of memory."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
