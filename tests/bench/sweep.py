"""What a step of a large sweep costs: ``python -m tests.bench.sweep [FINISHED] [OPEN]``.

Makes a store with finished and waiting trials, and measures the CPU time and the memory of one
``janitor sweep step`` and one ``janitor sweep status``, each in a process of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from janitor.model.jobs import Cause, Ending, JobStatus, JobTypes
from janitor.model.ledger_items import Complete, Ended, Item, Launch, LedgerEntry, SpecAdded
from janitor.records.sweep import StoredSummary, dump_entry, dump_run, dump_summary
from janitor.runtime.processes import host_name
from janitor.sweep.config import SweepConfig
from janitor.sweep.seeds import run_id, seed_of

AT = "2026-01-01T00:00:00+00:00"
SWEEP = """\
method: random
command: [sleep, "60"]
metric: {name: loss}
parameters: {lr: {min: 0.0, max: 1.0}, layers: {min: 1, max: 9}}
janitor: {max_parallel_jobs: %d}
"""


def make(folder: Path, finished: int, waiting: int) -> None:
    """Write the store's files, without waiting for the disk."""
    (folder / "large.yaml").write_text(SWEEP % waiting)
    config = SweepConfig.load(folder / "large.yaml")
    root = folder / ".janitor" / "sweeps" / "large"
    for name in ("ledger", "runs", "created"):
        (root / name).mkdir(parents=True)
    number = 0

    def append(*items: Item) -> None:
        nonlocal number
        number += 1
        entry = LedgerEntry(number, f"n{number}", AT, "decisions", items, {"janitor": "bench"})
        (root / "ledger" / f"{number:06d}.json").write_text(dump_entry(entry))

    append(SpecAdded(1, config.digest, config.document, str(folder)))
    kind = JobTypes.LAUNCH_TRAINING
    for index in range(finished + waiting):
        run = run_id("large", index)
        params = {"lr": index / 1e5, "layers": 1 + index % 9}
        seed = seed_of("large", index, 0, "bench")
        append(Launch(run, index, 1, kind, Cause.FIRST, "bench", 1, seed, params=params))
        state = "initializing"
        if index < finished:
            append(Ended(run, 1, kind, Ending.OK, "well", index / 7, 3.0, 1.0, 1.0, "host", 0))
            append(Complete(run, JobStatus.COMPLETED, "well", index / 7))
            state = "success"
        place = root / "runs" / run
        (place / "a1").mkdir(parents=True)
        (place / "run.json").write_text(dump_run({"run": run, "created_at": AT}))
        (place / "summary.json").write_text(
            dump_summary(StoredSummary(1, {"protein.state": state}))
        )
        (root / "created" / run).touch()
        if index >= finished:  # this process holds the lock, as a worker does
            claim = {"version": 1, "run": run, "attempt": 1, "host": host_name(), "pid": 1}
            (place / "a1" / "claim.json").write_text(json.dumps(claim))
            fcntl.flock(os.open(place / "a1" / "lock", os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)


def cost(folder: Path, *words: str) -> tuple[float, float]:
    """CPU seconds and peak megabytes of a janitor command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "HOME": str(folder)}
    subprocess.run(
        [sys.executable, "-m", "janitor", "sweep", *words],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, after.ru_maxrss / 1024


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def main() -> None:
    """Make the store, and print what the commands cost."""
    finished, waiting = (int(word) for word in (*sys.argv[1:], "10000", "100")[:2])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, finished, waiting)
        say(f"{finished:,} finished and {waiting} open trials")
        for words in (("list",), ("step", "large"), ("status", "large", "--json")):
            seconds, megabytes = cost(folder, *words)
            say(f"sweep {words[0]:7} {seconds:5.1f} s of CPU, {megabytes:5.0f} MB at most so far")


if __name__ == "__main__":
    main()
