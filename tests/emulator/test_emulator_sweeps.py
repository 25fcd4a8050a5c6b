"""Real sweeps: ``wandb.sweep``, the real agents, and what the server tells them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from janitor.emulator.suggestions import SweepConfigError, check, count_expected, suggest
from tests.emulator.emulator_clients import ask, post, run_client, start_client, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.emulator import Emulator

CREATE = """
mutation ($config: String!) {
  upsertSweep(input: {config: $config, entityName: "acme", projectName: "rl"}) {
    sweep { id name state runCountExpected }
    configValidationWarnings
  }
}
"""
AGENT = """
mutation ($sweep: String!) {
  createAgent(input: {host: "here", entityName: "acme", projectName: "rl", sweep: $sweep}) {
    agent { id }
  }
}
"""
HEARTBEAT = """
mutation ($id: ID!, $states: JSONString) {
  agentHeartbeat(input: {id: $id, metrics: "{}", runState: $states}) { commands }
}
"""
GRID = {
    "method": "grid",
    "program": "train.py",
    "parameters": {"lr": {"values": [0.1, 0.2]}, "seed": {"value": 7}},
}


class FakeAgent:
    """An agent that only sends heartbeats; the test reads its commands."""

    def __init__(self, emulator: Emulator, sweep: str) -> None:
        self._emulator = emulator
        self._id = ask(emulator, AGENT, sweep=sweep)["createAgent"]["agent"]["id"]

    def beat(self, *alive: str) -> list[dict[str, Any]]:
        states = json.dumps(dict.fromkeys(alive, True))
        answer = ask(self._emulator, HEARTBEAT, id=self._id, states=states)
        commands: list[dict[str, Any]] = json.loads(answer["agentHeartbeat"]["commands"])
        return commands


def create(emulator: Emulator, config: dict[str, Any]) -> str:
    answer = ask(emulator, CREATE, config=json.dumps(config))["upsertSweep"]
    name: str = answer["sweep"]["name"]
    return name


def test_a_grid_is_handed_out_run_by_run_and_then_finished(emulator: Emulator) -> None:
    name = create(emulator, GRID)
    assert emulator.sweep(f"acme/rl/{name}").state == "PENDING"
    agent = FakeAgent(emulator, name)
    (first,) = agent.beat()
    assert first["type"] == "run"
    assert first["program"] == "train.py"
    assert first["args"] == {"lr": {"value": 0.1}, "seed": {"value": 7}}
    run = emulator.run(f"acme/rl/{first['run_id']}")
    assert (run.state, run.sweep, run.config) == ("pending", name, {"lr": 0.1, "seed": 7})
    assert agent.beat(first["run_id"]) == []
    (second,) = agent.beat()
    assert second["args"]["lr"] == {"value": 0.2}
    assert agent.beat() == [{"type": "exit"}]
    assert emulator.sweep(f"acme/rl/{name}").state == "FINISHED"


def test_two_agents_share_a_sweep(emulator: Emulator) -> None:
    name = create(emulator, GRID)
    agents = [FakeAgent(emulator, name) for _ in range(2)]
    runs = [agent.beat()[0]["run_id"] for agent in agents]
    assert agents[0].beat() == [{"type": "exit"}]
    assert emulator.sweep(f"acme/rl/{name}").state == "RUNNING"
    assert agents[1].beat(runs[1]) == []
    assert agents[1].beat() == [{"type": "exit"}]
    assert emulator.sweep(f"acme/rl/{name}").state == "FINISHED"
    assert [agent["runs"] for agent in emulator.sweep(f"acme/rl/{name}").agents] == [
        [runs[0]],
        [runs[1]],
    ]


def test_a_paused_sweep_hands_out_nothing_until_it_runs_again(emulator: Emulator) -> None:
    name = create(emulator, GRID)
    agent = FakeAgent(emulator, name)
    emulator.change_sweep(f"acme/rl/{name}", "PAUSED")
    assert agent.beat() == []
    emulator.change_sweep(f"acme/rl/{name}", "RUNNING")
    assert agent.beat()[0]["type"] == "run"


def test_a_finished_sweep_lets_runs_end_and_then_dismisses_its_agents(emulator: Emulator) -> None:
    name = create(emulator, GRID)
    agent = FakeAgent(emulator, name)
    run = agent.beat()[0]["run_id"]
    emulator.change_sweep(f"acme/rl/{name}", "FINISHED")
    assert agent.beat(run) == []
    assert agent.beat() == [{"type": "exit"}]


def test_a_cancelled_sweep_stops_its_runs_which_are_killed_then(emulator: Emulator) -> None:
    name = create(emulator, GRID)
    agent = FakeAgent(emulator, name)
    run = agent.beat()[0]["run_id"]
    emulator.change_sweep(f"acme/rl/{name}", "CANCELED")
    assert agent.beat(run) == [{"type": "stop", "run_id": run}]
    assert emulator.run(f"acme/rl/{run}").state == "pending"
    assert agent.beat() == [{"type": "exit"}]
    assert emulator.run(f"acme/rl/{run}").state == "killed"


def test_one_run_may_be_stopped(emulator: Emulator) -> None:
    name = create(emulator, GRID)
    agent = FakeAgent(emulator, name)
    run = agent.beat()[0]["run_id"]
    emulator.change(f"acme/rl/{run}", stopped=True)
    assert agent.beat(run) == [{"type": "stop", "run_id": run}]
    assert agent.beat()[0]["type"] == "run"


def test_an_unknown_agent_is_refused(emulator: Emulator) -> None:
    assert post(emulator, HEARTBEAT, id="nobody", states="{}").status_code == 404
    emulator.seed([{"project": "acme/rl", "name": "r"}])
    assert post(emulator, AGENT, sweep="none").status_code == 404


@pytest.mark.parametrize(
    "config",
    [
        "[]",
        "{",
        '{"method": "grid"}',
        '{"method": "guess", "parameters": {"a": {"value": 1}}}',
        '{"method": "grid", "parameters": {"a": {"min": 0.0, "max": 1.0}}}',
        '{"method": "random", "parameters": {"a": {"distribution": "odd", "min": 0, "max": 1}}}',
    ],
)
def test_a_sweep_that_cannot_be_searched_is_refused(emulator: Emulator, config: str) -> None:
    response = post(emulator, CREATE, config=config)
    assert response.status_code == 400
    assert "cannot be used" in response.text
    assert emulator.run_paths() == []


def test_a_grid_is_every_combination() -> None:
    config = {
        "method": "grid",
        "parameters": {
            "a": {"values": [1, 2]},
            "net": {"parameters": {"depth": {"values": [3, 4]}, "act": {"value": "relu"}}},
            "n": {"min": 1, "max": 2, "distribution": "int_uniform"},
        },
    }
    assert count_expected(config) == 8
    found = [suggest(config, number, "s") for number in range(9)]
    assert found[0] == {
        "a": {"value": 1},
        "net": {"value": {"depth": 3, "act": "relu"}},
        "n": {"value": 1},
    }
    assert len({json.dumps(one) for one in found[:8]}) == 8
    assert found[8] is None
    assert count_expected(config | {"run_cap": 3}) == 3


def test_random_suggestions_lie_where_they_should_and_repeat_themselves() -> None:
    config = {
        "method": "random",
        "run_cap": 50,
        "parameters": {
            "uniform": {"min": 0.5, "max": 1.5},
            "whole": {"min": 1, "max": 3, "distribution": "int_uniform"},
            "steps": {"min": 0, "max": 10, "q": 5, "distribution": "q_uniform"},
            "log": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"},
            "one": {"values": ["a", "b"], "probabilities": [1, 0]},
            "fixed": {"value": None},
            "normal": {"distribution": "normal", "mu": 100, "sigma": 0.1},
        },
    }
    for number in range(50):
        found = suggest(config, number, "seed")
        assert found is not None
        values = {name: one["value"] for name, one in found.items()}
        assert 0.5 <= values["uniform"] <= 1.5
        assert values["whole"] in {1, 2, 3}
        assert values["steps"] in {0, 5, 10}
        assert 1e-5 <= values["log"] <= 1e-1
        assert (values["one"], values["fixed"]) == ("a", None)
        assert 90 < values["normal"] < 110
        assert found == suggest(config, number, "seed") != suggest(config, number, "other")
    assert suggest(config, 50, "seed") is None
    assert count_expected(config | {"run_cap": None}) is None


def test_bayes_is_drawn_at_random_and_says_so() -> None:
    parameters = {"a": {"min": 0.0, "max": 1.0}}
    assert "at random" in check({"method": "bayes", "parameters": parameters})[0]
    with pytest.raises(SweepConfigError):
        check({"method": "random", "parameters": {}})


TRAIN = """
import sys
import time

import wandb

with wandb.init() as run:
    run.log({"loss": run.config.lr})
    if run.config.lr == 0.2:
        raise RuntimeError("unlucky")
    time.sleep(float(sys.argv[1].removeprefix("--linger=")))
"""
RUN_AGENT = """
import wandb.wandb_agent
from wandb.cli.cli import cli

wandb.wandb_agent.Agent.POLL_INTERVAL = 0.2
cli(["agent", "acme/rl/%s"])
"""


def real_grid(linger: int, rates: list[float]) -> dict[str, Any]:
    return {
        "method": "grid",
        "name": "tuning",
        "program": "train.py",
        "command": [sys.executable, "${program}", f"--linger={linger}"],
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"values": rates}},
    }


def test_a_real_agent_works_through_a_real_sweep(emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    config = real_grid(linger=0, rates=[0.2, 0.1])
    code = f"import wandb\nprint(wandb.sweep({config!r}, entity='acme', project='rl'))"
    name = run_client(emulator, tmp_path, code).split()[-1]
    run_client(emulator, tmp_path, RUN_AGENT % name)
    runs = [emulator.run(f"acme/rl/{run}") for run in emulator.sweep(f"acme/rl/{name}").runs]
    assert [(run.state, run.config["lr"]) for run in runs] == [("failed", 0.2), ("finished", 0.1)]
    out = run_client(
        emulator,
        tmp_path,
        f"""
        import wandb
        sweep = wandb.Api().sweep("acme/rl/{name}")
        print(sweep.state, sweep.expected_run_count, sweep.best_run().config["lr"], sweep.name,
              len(sweep.agents()), sweep.agents()[0].state)
        """,
    )
    assert out.split() == ["FINISHED", "2", "0.1", "tuning", "1", "FINISHED"]


def test_cancelling_a_sweep_stops_its_real_agent_and_run(
    emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    name = create(emulator, real_grid(linger=60, rates=[0.1]))
    process = start_client(emulator, tmp_path, RUN_AGENT % name)

    def is_training() -> bool:
        runs = emulator.sweep(f"acme/rl/{name}").runs
        return bool(runs) and emulator.run(f"acme/rl/{runs[0]}").state == "running"

    wait_until(is_training)
    emulator.change_sweep(f"acme/rl/{name}", "CANCELED")
    try:
        process.communicate(timeout=30)
    finally:
        process.kill()
    (run,) = emulator.sweep(f"acme/rl/{name}").runs
    assert emulator.run(f"acme/rl/{run}").state == "killed"
    assert emulator.sweep(f"acme/rl/{name}").agents[0]["done"] is True
