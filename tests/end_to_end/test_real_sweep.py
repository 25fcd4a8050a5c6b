"""A real sweep: ``wandb.sweep``, two ``wandb agent`` processes, a dozen trainings, two deaths.

Then the janitor comes, and an optimizer after it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest

import janitor
from janitor.emulator import Emulator, RunView
from tests.end_to_end import swept_training as training
from tests.end_to_end.janitor_process import Janitor
from tests.support.waiting import wait_until

PATIENCE = 120
"""Seconds for the whole sweep, on a machine that is busy with other things."""
AGENT = """
import sys
import wandb.wandb_agent
from wandb.cli.cli import cli
wandb.wandb_agent.Agent.POLL_INTERVAL = 0.2  # seconds; 5 by default
cli(["agent", sys.argv[1]])
"""


@dataclass(frozen=True)
class Swept:
    """The sweep, with agents at work on it."""

    emulator: Emulator
    path: str
    word_to_end: Path
    """A file: once it is there, the training that stays ends."""

    def run(self, rate: float) -> RunView | None:
        """The run with this learning rate, once it has said that it runs."""
        project = self.path.rpartition("/")[0]
        for name in self.emulator.sweep(self.path).runs:
            run = self.emulator.run(f"{project}/{name}")
            if run.config.get("lr") == rate and "protein.process" in (run.summary or {}):
                return run
        return None

    def states(self) -> dict[float, tuple[str, str]]:
        """For each learning rate, our word for its run and W&B's."""
        runs = {rate: self.run(rate) for rate in training.RATES}
        return {
            rate: (run.summary["protein.state"], run.state)
            for rate, run in runs.items()
            if run is not None
        }

    def await_run(self, rate: float) -> RunView:
        """The run with this learning rate, as soon as it has said that it runs."""
        wait_until(lambda: self.run(rate) is not None)
        found = self.run(rate)
        assert found is not None
        return found

    def kill(self, rate: float, *processes: str) -> None:
        """Kill processes that a training has named, as soon as the server knows them."""
        summary = self.await_run(rate).summary
        for process in processes:
            os.kill(summary[f"protein.{process}"], signal.SIGKILL)


@pytest.fixture
def wandb(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """W&B's client in this process, whose server is the emulator."""
    for name, value in emulator.environment(tmp_path / "reader").items():
        monkeypatch.setenv(name, value)
    import wandb  # noqa: PLC0415 - its environment comes first

    wandb.teardown()
    yield wandb
    wandb.teardown()


@contextmanager
def agents(emulator: Emulator, path: str, folder: Path) -> Iterator[None]:
    """Two agents; whatever is left of them and their trainings is gone when the block ends."""
    folder.mkdir()
    environment = emulator.environment(folder) | {"WANDB__FILE_STREAM_TRANSMIT_INTERVAL": "1"}
    command = [sys.executable, "-c", AGENT, path]
    with (folder / "log").open("wb") as log:
        started = [
            subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
            for _ in range(2)
        ]
    try:
        yield
        for agent in started:
            agent.wait(timeout=PATIENCE)
    except BaseException:
        print((folder / "log").read_text(errors="replace"))  # noqa: T201 - why it failed
        raise
    finally:
        for agent in started:
            agent.kill()
            agent.wait()


def test_a_sweep_is_left_with_the_right_states_and_an_optimizer_without_a_wrong_point(
    emulator: Emulator, janitor: Janitor, wandb: Any, tmp_path: Path
) -> None:
    swept = create(wandb, emulator, tmp_path / "end")
    with agents(emulator, swept.path, tmp_path / "agents"):
        swept.kill(training.KILLED, "process")
        swept.kill(training.NODE_LOST, "agent", "process")
        swept.await_run(training.STAYS)
        wait_until(lambda: has_settled(swept))

        an_hour_passes(swept)
        janitor.ends(0, "fix", "--sweep", swept.path)
        assert swept.states() == states_expected() | {training.STAYS: ("running", "running")}
        check_points(wandb, swept.path, {training.STAYS: "running"})

        swept.word_to_end.touch()
    check_the_end(wandb, swept)
    emulator.reset_counts()
    janitor.ends(0, "fix", "--sweep", swept.path)
    assert emulator.counts.edits == {}
    check_points(wandb, swept.path, {training.STAYS: "success"})


def create(wandb: Any, emulator: Emulator, word_to_end: Path) -> Swept:
    """Create the sweep, and see it as the client shows it."""
    config = {
        "method": "grid",
        "name": "rates",
        "program": str(Path(training.__file__)),
        "command": [sys.executable, "${program}", str(word_to_end)],
        "metric": {"name": "protein.objective", "goal": "minimize"},
        "parameters": {"lr": {"values": training.RATES}},
    }
    path = "acme/rl/" + wandb.sweep(config, entity="acme", project="rl")
    sweep = wandb.Api().sweep(path)
    assert (sweep.state, sweep.expected_run_count, len(sweep.runs)) == ("PENDING", 12, 0)
    return Swept(emulator, path, word_to_end)


def has_settled(swept: Swept) -> bool:
    """Whether all runs have come as far as they do by themselves."""
    ended = [state for state, _ in swept.states().values() if state in ("success", "failure")]
    return len(ended) == len(training.SUCCESSES) + 1


def an_hour_passes(swept: Swept) -> None:
    """On the server; a training that lives goes on to report."""
    swept.emulator.advance(3600)
    wait_until(lambda: swept.states()[training.STAYS] == ("running", "running"))


def states_expected() -> dict[float, tuple[str, str]]:
    return {
        **dict.fromkeys(training.SUCCESSES, ("success", "finished")),
        training.RAISES: ("failure", "failed"),
        training.KILLED: ("crashed", "crashed"),
        training.NODE_LOST: ("crashed", "crashed"),
    }


def check_points(wandb: Any, path: str, also: dict[float, str]) -> None:
    """See what an optimizer reads, and what Optuna makes of it."""
    states = {rate: state for rate, (state, _) in states_expected().items()} | also
    points = {rate for rate, state in states.items() if state == "success"}
    table = janitor.observations(wandb.Api(), path)
    read = table.dropna(subset=["lr"])
    assert dict(zip(read.lr, read.state, strict=True)) == {
        rate: state for rate, state in states.items() if state != "running"
    }
    assert len(table) == len(training.RATES)

    study = optuna.create_study()
    study.add_trials(list(trials(table)))
    completed = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    assert {trial.params["lr"]: trial.value for trial in completed} == {
        rate: training.objective(rate) for rate in points
    }
    assert study.best_params == {"lr": 0.7}
    assert 0 <= study.ask({"lr": DISTRIBUTION}).params["lr"] <= 2


DISTRIBUTION = optuna.distributions.FloatDistribution(0, 2)


def trials(table: pd.DataFrame) -> Iterator[optuna.trial.FrozenTrial]:
    """The observations as Optuna takes them: points, and failures, which it keeps away from."""
    trial_state = optuna.trial.TrialState
    for row in table.dropna(subset=["lr"]).to_dict("records"):
        is_point = row["state"] == "success" and pd.notna(row["objective"])
        yield optuna.trial.create_trial(
            state=trial_state.COMPLETE if is_point else trial_state.FAIL,
            value=row["objective"] if is_point else None,
            params={"lr": row["lr"]},
            distributions={"lr": DISTRIBUTION},
        )


def check_the_end(wandb: Any, swept: Swept) -> None:
    """The sweep is finished, as the client shows it."""
    api = wandb.Api()
    assert [sweep.id for sweep in api.project("rl", entity="acme").sweeps()] == [
        swept.path.rpartition("/")[2]
    ]
    sweep = api.sweep(swept.path)
    assert (sweep.state, sweep.name, sweep.config["method"]) == ("FINISHED", "rates", "grid")
    assert sweep.best_run().config["lr"] == training.RAISES  # W&B believes every number
    assert sorted(run.config["lr"] for run in sweep.runs) == training.RATES
    assert len(sweep.agents()) == 2
