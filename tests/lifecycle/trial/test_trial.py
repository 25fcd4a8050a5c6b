"""``janitor.trial()`` in training code, and wandb scripts as trials."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest
import yaml

import janitor
from janitor.lifecycle.trial.collect import metrics_of
from janitor.lifecycle.trial.environment import yaml_of
from janitor.lifecycle.trial.trial import Trial
from tests.lifecycle.trial.working import job_in, marker, reports_in, run, start, wait_until_exists

TRAINING = """
import janitor, pathlib, sys, time
with janitor.trial() as trial:
    assert trial.params == {"lr": 1e-05, "opt": "adam"}, trial.params
    (trial.checkpoint_dir / "last").write_text("weights")
    for step in range(1000):
        trial.report(step, loss=1 / (step + 1))
        pathlib.Path("begun").touch()
        if step == 3 and "all" not in sys.argv:
            break
        if trial.should_stop:
            trial.report(step, loss=0.5)
            break
        time.sleep(0.01)
    trial.save_policy("file:weights")
"""
WANDB = """
import sys, wandb
run = wandb.init(project="p")
assert dict(run.config)["lr"] == 1e-05, dict(run.config)
run.config.update({"lr": 1}, allow_val_change=True)
assert run.config["lr"] == 1e-05
run.log({"loss": 0.75})
run.log({"loss": 0.5})
run.finish()
if "twice" in sys.argv:
    again = wandb.init(project="p")
    again.log({"loss": 0.25})
    again.finish()
"""


def test_reports_params_checkpoints_and_policy_reach_the_controller(tmp_path: Path) -> None:
    path = job_in(tmp_path, [sys.executable, "-c", TRAINING], collect="")

    code, said = run(path)

    found = marker(path)
    assert (code, found["ending"]) == (0, "ok"), said
    assert (found["objective"], found["resource"]) == (0.25, 3.0)
    assert found["policy_uri"] == "file:weights"
    assert (tmp_path / "checkpoints" / "last").read_text() == "weights"


def test_a_trial_that_should_stop_ends_well_and_counts_as_stopped(tmp_path: Path) -> None:
    path = job_in(tmp_path, [sys.executable, "-c", TRAINING, "all"], collect="", grace=20.0)
    worker = start(path)
    wait_until_exists(tmp_path / "begun")
    (path.parent / "stop.json").write_text('{"version": 1, "reason": "stop"}')

    worker.send_signal(signal.SIGTERM)
    worker.wait(60)

    assert marker(path)["ending"] == "stopped"
    assert marker(path)["objective"] == 0.5


ODD = """
import janitor, multiprocessing, signal, time
class Tensor:
    def __float__(self): return 0.5
with janitor.trial() as trial:
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    time.sleep(0.2)
    child.terminate()
    child.join(10)
    assert child.exitcode == -15, child.exitcode
    trial.report("epoch one", loss=Tensor())
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""


def test_odd_steps_tensors_and_forked_children_do_no_harm(tmp_path: Path) -> None:
    path = job_in(tmp_path, [sys.executable, "-c", ODD], collect="")

    run(path)

    assert marker(path)["ending"] == "ok", (path.parent / "log").read_text()
    assert marker(path)["objective"] == 0.5


RANKS = """
import os, subprocess, sys
one = "import janitor, os; janitor.trial().report(1, loss=float(os.environ['RANK']))"
for rank in "10":
    subprocess.run([sys.executable, "-c", one], env={**os.environ, "RANK": rank}, check=True)
"""


def test_only_rank_0_reports(tmp_path: Path) -> None:
    path = job_in(tmp_path, [sys.executable, "-c", RANKS], collect="")

    run(path)

    assert [one.metrics["loss"] for one in reports_in(path.parent)] == [0.0]


def test_a_rank_of_the_controller_is_none_of_the_trial(tmp_path: Path) -> None:
    script = "import janitor; janitor.trial().report(1, loss=1.0)"
    path = job_in(tmp_path, [sys.executable, "-c", script], collect="")

    run(path, SLURM_PROCID="3")

    assert marker(path)["objective"] == 1.0


def test_outside_a_sweep_everything_works_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with janitor.trial() as trial:
        trial.report(1, loss=0.5)
        trial.save_policy("x")
        assert (trial.params, trial.should_stop, trial.run) == ({}, False, "")

    assert not list(tmp_path.iterdir())


def test_reports_that_cannot_be_written_do_not_disturb_the_training(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trial = Trial({"JANITOR_TRIAL_DIR": str(tmp_path / "gone")})

    for step in range(3):
        trial.report(step, loss=1.0)
    trial.save_policy("x")

    assert capfd.readouterr().err.count("janitor:") == 1


@pytest.mark.parametrize(("words", "objective"), [([], 0.5), (["twice"], 0.25)])
def test_a_wandb_script_runs_unchanged_without_an_account(
    tmp_path: Path, words: list[str], objective: float
) -> None:
    path = job_in(tmp_path, [sys.executable, "-c", WANDB, *words], collect="")

    run(path, HOME=str(tmp_path), WANDB_SILENT="true", WANDB_API_KEY="")

    assert marker(path)["ending"] == "ok", (path.parent / "log").read_text()
    assert marker(path)["objective"] == objective


MANAGED = """
import wandb
from janitor.lifecycle import RobustSweepStateManager
with wandb.init(project="p") as run:
    with RobustSweepStateManager(run) as manager:
        manager.set_success(0.75)
    assert manager.state.is_open, manager.state
"""


def test_a_script_with_a_manager_ends_its_attempt_and_tells_its_objective(tmp_path: Path) -> None:
    path = job_in(tmp_path, [sys.executable, "-c", MANAGED], collect="")

    run(path, HOME=str(tmp_path), WANDB_SILENT="true", WANDB_API_KEY="")

    assert marker(path)["ending"] == "ok", (path.parent / "log").read_text()
    assert marker(path)["objective"] == 0.75


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        ("epoch 3: loss=0.25, val/acc = 0.5", {"loss": 0.25, "val/acc": 0.5}),
        ("loss=1e-3 lr=.5", {"loss": 0.001, "lr": 0.5}),
        ('{"loss": 2, "name": "x", "ok": true}', {"loss": 2.0}),
        ("path=/tmp/1 version=1.2.3 x==1", {}),
        ("--lr=0.1", {}),
        ("{not json", {}),
    ],
)
def test_numbers_are_read_from_output(line: str, metrics: dict[str, float]) -> None:
    assert dict(metrics_of(line)) == metrics


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-05, "1.0e-05"),
        (1.5e-07, "1.5e-07"),
        (2.0, "2.0"),
        ("on", '"on"'),
        ("\U0001f600", '"\U0001f600"'),
        ("a\x07b", '"a\\u0007b"'),
        ({"a": [1, None, True]}, '{"a": [1, null, true]}'),
    ],
)
def test_parameters_are_written_so_that_yaml_1_1_reads_them_back(value: object, text: str) -> None:
    assert yaml_of(value) == text
    assert yaml.safe_load(text) == json.loads(json.dumps(value))
