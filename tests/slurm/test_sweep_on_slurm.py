"""The example sweep, with `janitor sweep start`, on a real Slurm."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.slurm.cluster import SlurmCluster

EXAMPLES = Path(__file__).parents[2] / "examples" / "sweeps"


def janitor(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "janitor", "sweep", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_runs_to_its_end(slurm: SlurmCluster, tmp_path: Path) -> None:
    for name in ("on-slurm.yaml", "train.py"):
        shutil.copy(EXAMPLES / name, tmp_path)

    janitor(tmp_path, "start", "on-slurm.yaml", "--every", "2s")

    assert list(slurm.states().values()) == ["COMPLETED"] * 4
    shown = janitor(tmp_path, "status", "on-slurm", "--json")
    assert '"counts": {"COMPLETED": 4}' in shown
    janitor(tmp_path, "verify", "on-slurm")
