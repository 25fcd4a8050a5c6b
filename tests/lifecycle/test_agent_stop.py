"""``wandb.agent(…, function=train)``: what the agent does to a training reaches its state."""

from __future__ import annotations

from pathlib import Path

import pytest

from janitor.emulator import Emulator
from tests.lifecycle.lifecycle_runs import start_training
from tests.support.waiting import wait_until

CONFIG = {"method": "grid", "parameters": {"lr": {"values": [0.1]}}}
AGENT = """
from wandb.agents import pyagent
pyagent.Agent.HEARTBEAT_SLEEP_SECONDS = 0.1
def train():
    run = wandb.init()
    {body}
wandb.agent("acme/rl/s1", function=train, count=1)
"""
IN_A_BLOCK = """
    with RobustSweepStateManager(run):
        print("ready", flush=True)
        while True: time.sleep(0.05)
"""
WITHOUT_A_BLOCK = """
    RobustSweepStateManager(run).start()
    print("ready", flush=True)
    while True: time.sleep(0.05)
"""
IN_A_FINALLY = """
    with RobustSweepStateManager(run):
        print("ready", flush=True)
        try:
            while True: time.sleep(0.05)
        except Exception:
            raise RuntimeError("no checkpoint")
"""


@pytest.mark.parametrize("body", [IN_A_BLOCK, WITHOUT_A_BLOCK, IN_A_FINALLY])
def test_a_stop_from_the_page_is_cancelled(body: str, emulator: Emulator, tmp_path: Path) -> None:
    emulator.seed({"sweeps": [{"entity": "acme", "project": "rl", "name": "s1", "config": CONFIG}]})
    process = start_training(tmp_path, AGENT.format(body=body), emulator)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    (path,) = emulator.run_paths()
    emulator.change(path, stopped=True)
    _, err = process.communicate(timeout=90)
    summary = emulator.run(path).summary
    assert summary["protein.state"] == "cancelled", err
    assert summary["protein.error"] == "the sweep's agent stopped the run"


def test_an_error_of_the_training_is_named_and_not_the_agents(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.seed({"sweeps": [{"entity": "acme", "project": "rl", "name": "s1", "config": CONFIG}]})
    body = "RobustSweepStateManager(run).start(); raise ValueError('no data')"
    start_training(tmp_path, AGENT.format(body=body), emulator).communicate(timeout=90)
    (path,) = emulator.run_paths()
    wait_until(lambda: "protein.error" in emulator.run(path).summary)
    summary = emulator.run(path).summary
    assert (summary["protein.state"], summary["protein.error"]) == (
        "failure",
        "ValueError: no data",
    )
