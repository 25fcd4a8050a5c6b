"""What ``import janitor.lifecycle`` costs a training that has imported wandb.

``python tests/bench/lifecycle_import.py`` prints milliseconds; it needs no server.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 15
LIMIT = 50.0
"""Milliseconds that it may take."""
CODE = """
import sys, time
import wandb
start = time.perf_counter()
import janitor.lifecycle
sys.stdout.write(str((time.perf_counter() - start) * 1e3))
"""


def import_once() -> float:
    """A process of its own, in milliseconds."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> int:
    """Print the result; exit with 1 where the limit is passed."""
    rounds = [import_once() for _ in range(ROUNDS)]
    median = statistics.median(rounds)
    sys.stdout.write(
        f"import janitor.lifecycle, after wandb: {median:.1f} ms"
        f" ({min(rounds):.1f} to {max(rounds):.1f})\n"
    )
    return int(median > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
