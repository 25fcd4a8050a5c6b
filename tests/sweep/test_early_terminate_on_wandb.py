"""W&B's early_terminate with a script that only uses wandb: what it logs is read while it runs."""

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


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("early")
    (folder / "train.py").write_text(TRAIN)
    (folder / "sweep.yaml").write_text(SWEEP)
    with Emulator() as emulator:
        shell = Shell(folder, emulator)
        shell.janitor("sweep", "start", "sweep.yaml", "--every", "1s")
        yield shell


def test_a_run_is_stopped_by_the_values_that_it_has_logged(shell: Shell) -> None:
    status = json.loads(shell.janitor("sweep", "status", "acme/p/early", "--json"))

    assert [row["status"] for row in status["trials"]] == ["COMPLETED", "COMPLETED", "PRUNED"]
    assert status["trials"][2]["reason"] == (
        "loss = 0.9 is worse than 0.02, the threshold of 3 runs at iteration 3 (early_terminate)"
    )
    assert status["best"]["params"] == {"lr": 0.01}
    assert 4 <= shell.emulator.run("acme/p/early-0002").history_line_count < 50
    shell.janitor("sweep", "verify", "acme/p/early")
