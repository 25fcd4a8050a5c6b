"""What a heartbeat costs in a hot loop: between writes, and when it writes.

``python tests/bench/heartbeat.py`` prints microseconds a call; it needs no server.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import timeit
from types import SimpleNamespace

from janitor.lifecycle import RobustSweepStateManager

CALLS = 200_000
ROUNDS = 7
LIMIT = 2.0
"""Microseconds that a call between two writes may take."""


def between_writes(*, progress: bool) -> float:
    """The median over the rounds, in microseconds a call."""
    manager = RobustSweepStateManager(SimpleNamespace(id="r1", summary={}), rank=0)
    manager.heartbeat()
    call = "manager.heartbeat(progress=0.5)" if progress else "manager.heartbeat()"
    rounds = timeit.repeat(call, globals={"manager": manager}, number=CALLS, repeat=ROUNDS)
    return statistics.median(rounds) / CALLS * 1e6


def writing(calls: int = 200) -> float:
    """The median of a heartbeat that is written into a real offline run, in microseconds."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": folder}
        os.environ |= {"WANDB_ERROR_REPORTING": "false", "WANDB_CACHE_DIR": folder}
        import wandb  # noqa: PLC0415 - its environment comes first

        with wandb.init(project="bench") as run:
            manager = RobustSweepStateManager(run, heartbeat_interval=0, rank=0)
            rounds = timeit.repeat(manager.heartbeat, number=1, repeat=calls)
    return statistics.median(rounds) * 1e6


def main() -> int:
    """Print the table; exit with 1 where the limit is passed."""
    fast = between_writes(progress=False)
    rows = {
        "heartbeat(), between writes": fast,
        "heartbeat(progress=…), between writes": between_writes(progress=True),
        "heartbeat(), written (once in 30 s)": writing(),
    }
    for name, microseconds in rows.items():
        sys.stdout.write(f"{name:40} {microseconds:10.2f} µs\n")
    return int(fast > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
