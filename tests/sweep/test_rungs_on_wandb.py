"""Rungs of scripts that report with wandb only: what they log is read while they run."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from janitor.emulator import Emulator
from tests.sweep.test_on_wandb import Shell

TRAIN = """\
import time, wandb
run = wandb.init()
for number in range(60 if run.config["lr"] > 0.05 else 6):
    run.log({"loss": run.config["lr"] if number != 1 else float("nan")})
    time.sleep(0.5)
run.finish()
"""
SWEEP = """\
name: early
project: p
entity: acme
method: grid
program: train.py
command: [python3, "${program}"]
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.02, 0.01, 0.9]}}
early_terminate: {type: hyperband, min_iter: 3, eta: 3}
janitor: {store: wandb, grace: 10}
"""
RESUMABLE = """\
import json, janitor, wandb
with janitor.trial() as trial:
    run, epoch = wandb.init(), 0
    if trial.resume_from is not None:
        epoch = json.loads((trial.resume_from / "epoch").read_text())
    while epoch < trial.budget:
        epoch += 1
        run.log({"epoch": epoch, "loss": trial.params["lr"] / epoch})
        (trial.checkpoint_dir / "epoch").write_text(json.dumps(epoch))
    run.finish()
"""
ASHA = """\
name: rungs
project: p
entity: acme
method: grid
program: resumable.py
command: [python3, "${program}"]
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.3, 0.1]}}
janitor:
  store: wandb
  scheduler: {type: asha, max: 2, eta: 2, resource: epoch}
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("early")
    (folder / "train.py").write_text(TRAIN)
    (folder / "sweep.yaml").write_text(SWEEP)
    (folder / "resumable.py").write_text(RESUMABLE)
    (folder / "asha.yaml").write_text(ASHA)
    with Emulator() as emulator:
        shell = Shell(folder, emulator)
        yield shell


def test_a_run_is_stopped_by_the_values_that_it_has_logged(shell: Shell) -> None:
    shell.janitor("sweep", "start", "sweep.yaml", "--every", "1s")

    status = json.loads(shell.janitor("sweep", "status", "acme/p/early", "--json"))
    assert [row["status"] for row in status["trials"]] == ["COMPLETED", "COMPLETED", "PRUNED"]
    assert status["trials"][2]["reason"] == (
        "loss = 0.9 is worse than 0.02, the threshold of 3 runs at iteration 3 (early_terminate)"
    )
    assert status["best"]["params"] == {"lr": 0.01}
    assert 4 <= shell.emulator.run("acme/p/early-0002").history_line_count < 50
    shell.janitor("sweep", "verify", "acme/p/early")


def test_a_promoted_trial_goes_on_in_the_same_run(shell: Shell) -> None:
    shell.janitor("sweep", "start", "asha.yaml", "--every", "1s")

    status = json.loads(shell.janitor("sweep", "status", "acme/p/rungs", "--json"))
    assert [(row["status"], row["attempt"]) for row in status["trials"]] == [
        ("PRUNED", 1),
        ("COMPLETED", 2),
    ]
    assert shell.emulator.run("acme/p/rungs-0001").history_line_count == 2
    summary = json.loads(shell.emulator.run("acme/p/rungs-0001").summary_text or "{}")
    assert (summary["protein.state"], summary["protein.objective"]) == ("success", 0.05)
    assert "protein.sweep.paused" not in summary
    shell.janitor("sweep", "verify", "acme/p/rungs")
