"""A sweep on W&B as typed: real scripts that only use wandb, on the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from janitor.emulator import Emulator

TRAIN = """\
import os, sys, wandb
run = wandb.init()
run.config.update({"lr": 99}, allow_val_change=True)  # the params are locked
run.log({"loss": run.config["lr"] * 2})
run.log({"loss": run.config["lr"], "seen": 1})
run.summary["mine"] = "kept"
run.finish()
if run.config["lr"] == 0.1 and os.environ["JANITOR_TRIAL_ATTEMPT"] == "1":
    sys.exit(3)
"""
SWEEP = """\
name: wb
project: my proj
entity: acme
method: grid
program: train.py
command: [python3, "${program}"]
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1, 0.01]}}
run_cap: 5
janitor: {store: wandb, max_parallel_jobs: 2, retries: {failed: 1}}
"""


class Shell:
    """A folder in which janitor is typed, against a server."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder, self.emulator = folder, emulator
        binaries = Path(sys.executable).parent
        self.environment = {
            **emulator.environment(folder / "wandb"),
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def janitor(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "janitor", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "train.py").write_text(TRAIN)
    (folder / "sweep.yaml").write_text(SWEEP)
    with Emulator() as emulator:
        shell = Shell(folder, emulator)
        shell.janitor("sweep", "start", "sweep.yaml")
        yield shell


def runs(shell: Shell) -> dict[str, Any]:
    paths = shell.emulator.run_paths()
    return {path.rsplit("/", 1)[1]: shell.emulator.run(path) for path in paths}


def test_the_runs_belong_to_a_sweep_of_wandb(shell: Shell) -> None:
    in_sweeps = {name: run.sweep for name, run in runs(shell).items() if run.sweep}
    assert sorted(in_sweeps) == ["wb-0000", "wb-0001"]
    (sweep,) = set(in_sweeps.values())
    text = shell.emulator.sweep(f"acme/my proj/{sweep}").config_text
    assert "name: wb" in text
    assert "run_cap" not in text


def test_the_params_arrive_locked_and_nothing_of_the_summary_is_lost(shell: Shell) -> None:
    for name, lr in (("wb-0000", 0.1), ("wb-0001", 0.01)):
        run = runs(shell)[name]
        assert json.loads(run.config_text)["lr"]["value"] == lr
        summary = json.loads(run.summary_text)
        assert (summary["mine"], summary["loss"], summary["seen"]) == ("kept", lr, 1)
        assert (summary["protein.state"], summary["protein.objective"]) == ("success", lr)


def test_a_failed_attempt_is_repeated_in_the_same_run(shell: Shell) -> None:
    status = json.loads(shell.janitor("sweep", "status", "acme/my proj/wb", "--json"))
    assert [(trial["status"], trial["attempt"]) for trial in status["trials"]] == [
        ("COMPLETED", 2),
        ("COMPLETED", 1),
    ]
    assert status["best"]["run"] == "wb-0001"


def test_the_commands_find_the_sweep_by_its_path(shell: Shell) -> None:
    assert "0 different" in shell.janitor("sweep", "verify", "acme/my proj/wb")
    assert "wb  done" in shell.janitor("sweep", "list", "--store", "wandb:acme/my proj")
    shell.janitor("sweep", "step", "acme/my proj/wb", code=5)
    said = shell.janitor("sweep", "status", "acme/my proj/other", code=2)
    assert "there is no sweep 'other' in wandb:acme/my proj" in said


def test_a_pass_over_the_sweep_and_its_project_changes_nothing(shell: Shell) -> None:
    sweep = runs(shell)["wb-0000"].sweep
    before = {name: run.summary_text for name, run in runs(shell).items()}
    shell.janitor("fix", "--sweep", f"acme/my proj/{sweep}")
    shell.janitor("fix", "--project", "acme/my proj")
    assert {name: run.summary_text for name, run in runs(shell).items()} == before
