"""Which rank reports for a run: real agents and real processes under a launcher's variables."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from janitor.emulator import Emulator

CONFIG = {
    "method": "random",
    "program": "train.py",
    "command": ["${env}", sys.executable, "${program}"],
    "parameters": {"lr": {"min": 0.0, "max": 1.0}},
}
TRAIN = """
import os, wandb
from janitor.lifecycle import RobustSweepStateManager
settings = eval(os.environ.get("INIT", "{}"))
with wandb.init(**settings) as run, RobustSweepStateManager(run) as manager:
    run.log({"loss": 1})
    manager.set_success(objective=0.5, cost=1.0)
"""
LEFT_OUT = "does not report the state of run"


def start(
    folder: Path, emulator: Emulator, *command: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN)
    return subprocess.run(
        command or (sys.executable, "train.py"),
        env=emulator.environment(folder) | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def states(emulator: Emulator) -> list[Any]:
    runs = [emulator.run(path) for path in emulator.run_paths()]
    return [run.summary.get("protein.state") for run in runs]


def test_each_task_of_srun_wandb_agent_reports_for_its_own_run(
    emulator: Emulator, tmp_path: Path
) -> None:
    sweep = {"entity": "acme", "project": "rl", "name": "s1", "config": CONFIG}
    emulator.seed({"sweeps": [sweep]})
    agent = (sys.executable, "-m", "wandb", "agent", "--count", "1", "acme/rl/s1")

    def start_task(rank: int) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / str(rank)
        return start(folder, emulator, *agent, SLURM_PROCID=str(rank), SLURM_NTASKS="2")

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(start_task, range(2)))
    assert states(emulator) == ["success"] * 2, [each.stderr for each in done]
    assert not any(LEFT_OUT in each.stderr + each.stdout for each in done)


def test_a_run_that_the_launcher_hands_to_all_ranks_stays_with_rank_0(
    emulator: Emulator, tmp_path: Path
) -> None:
    launcher = """
import os, subprocess, sys
os.environ["RANK"] = sys.argv[1]
sys.exit(subprocess.call([sys.executable, "train.py"]))
"""
    shared = {"WANDB_RUN_ID": "r1", "WANDB_ENTITY": "acme", "WANDB_PROJECT": "rl"}
    command = (sys.executable, "-c", launcher)
    other = start(tmp_path / "1", emulator, *command, "1", **shared)
    assert LEFT_OUT in other.stderr
    assert states(emulator) == [None]
    first = start(tmp_path / "0", emulator, *command, "0", **shared)
    assert LEFT_OUT not in first.stderr
    assert states(emulator) == ["success"]


def test_a_rank_that_makes_a_run_by_itself_reports_for_it(
    emulator: Emulator, tmp_path: Path
) -> None:
    own = start(tmp_path / "own", emulator, RANK="3", INIT="dict(entity='acme', project='rl')")
    assert LEFT_OUT not in own.stderr
    assert states(emulator) == ["success"]


def test_a_run_that_may_be_resumed_is_left_to_rank_0(emulator: Emulator, tmp_path: Path) -> None:
    joined = "dict(entity='acme', project='rl', id='r1', resume='allow')"
    other = start(tmp_path / "other", emulator, RANK="3", INIT=joined)
    assert "this process (RANK=3) does not report the state of run r1" in other.stderr
    assert states(emulator) == [None]
