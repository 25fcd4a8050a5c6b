"""Sweeps whose runs a client chooses: local controllers, enqueued runs, prior runs, preemption."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.emulator_clients import ask, post, run_client, start_client, wait_until
from tests.emulator.test_emulator_sweeps import RUN_AGENT, FakeAgent, create

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.emulator import Emulator

PARAMETERS = {"lr": {"values": [0.1, 0.2]}}
LOCAL = {"method": "grid", "controller": {"type": "local"}, "parameters": PARAMETERS}
CUSTOM = {"method": "custom", "parameters": PARAMETERS}
WRITE = """
mutation ($id: ID!, $controller: JSONString) {
  upsertSweep(input: {id: $id, controller: $controller}) { sweep { scheduler state } }
}
"""
PRIOR = """
query ($name: String!) {
  project(name: "rl", entityName: "acme") { sweep(sweepName: $name) {
    priorRunsFilters priorRuns { edges { node { name } } } controllerRunName
  } }
}
"""
CREATE = """
mutation ($filters: JSONString) {
  upsertSweep(input: {config: "{method: custom}", entityName: "acme", projectName: "rl",
                      priorRunsFilters: $filters}) { sweep { name } }
}
"""


def write(emulator: Emulator, sweep: str, **controller: Any) -> dict[str, Any]:
    identifier = emulator.sweep(f"acme/rl/{sweep}").id
    answer = ask(emulator, WRITE, id=identifier, controller=json.dumps(controller))
    found: dict[str, Any] = answer["upsertSweep"]["sweep"]
    return found


def entry(number: int, args: dict[str, Any] | None) -> dict[str, Any]:
    return {"id": f"entry{number}", "data": {"args": args}}


def test_only_a_local_controller_decides_which_runs_there_are(emulator: Emulator) -> None:
    name = create(emulator, LOCAL)
    agent = FakeAgent(emulator, name)
    assert agent.beat() == []  # not even a grid is suggested by the server
    found = write(emulator, name, schedule=[entry(1, {"lr": {"value": 0.7}})])
    (scheduled,) = json.loads(found["scheduler"])["scheduled"]
    assert scheduled["id"] == "entry1"
    run = emulator.run(f"acme/rl/{scheduled['runid']}")
    assert (run.state, run.sweep, run.config) == ("pending", name, {"lr": 0.7})
    write(emulator, name, schedule=[entry(1, {"lr": {"value": 0.7}})])  # sent once more
    (command,) = agent.beat()
    assert (command["type"], command["run_id"]) == ("run", run.name)
    assert command["args"] == {"lr": {"value": 0.7}}
    assert agent.beat(run.name) == []
    assert agent.beat() == []
    assert emulator.sweep(f"acme/rl/{name}").runs == [run.name]


def test_a_local_controller_stops_runs_early_and_ends_the_search(emulator: Emulator) -> None:
    name = create(emulator, LOCAL)
    agent = FakeAgent(emulator, name)
    write(emulator, name, schedule=[entry(1, {"lr": {"value": 0.1}})])
    run = agent.beat()[0]["run_id"]
    write(emulator, name, earlystop=[run, "unknown"])
    assert agent.beat(run) == [{"type": "stop", "run_id": run}]
    assert agent.beat() == []
    assert emulator.run(f"acme/rl/{run}").state == "killed"
    assert write(emulator, name, schedule=[entry(2, None)])["state"] == "FINISHED"
    assert agent.beat() == [{"type": "exit"}]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "7",
        "{",
        '{"schedule": 1}',
        '{"schedule": [1, {}, {"data": 5}, {"data": {}}, {"data": {"args": [1]}}]}',
        '{"earlystop": {"a": 1}}',
        '{"earlystop": [{}, 5]}',
    ],
)
def test_a_malformed_controller_schedules_nothing(emulator: Emulator, text: str) -> None:
    name = create(emulator, LOCAL)
    identifier = emulator.sweep(f"acme/rl/{name}").id
    assert post(emulator, WRITE, id=identifier, controller=text).status_code == 200
    found = emulator.sweep(f"acme/rl/{name}")
    assert (found.runs, found.state) == ([], "PENDING")


def test_an_enqueued_run_is_run_by_a_real_agent(emulator: Emulator, tmp_path: Path) -> None:
    train = 'import wandb\nwith wandb.init() as run:\n    run.log({"loss": run.config.lr})\n'
    (tmp_path / "train.py").write_text(train)
    command = [sys.executable, "${program}"]
    name = create(emulator, CUSTOM | {"program": "train.py", "command": command})
    code = f"""
    import wandb
    sweep = wandb.Api().sweep("acme/rl/{name}")
    print(sweep.enqueue_run({{"lr": {{"value": 0.3}}}}, display_name="chosen"))
    """
    run = run_client(emulator, tmp_path, code).strip()
    assert emulator.run(f"acme/rl/{run}").display_name == "chosen"
    process = start_client(emulator, tmp_path, RUN_AGENT % name)
    try:
        wait_until(lambda: emulator.run(f"acme/rl/{run}").state == "finished")
        emulator.change_sweep(f"acme/rl/{name}", "FINISHED")
        process.communicate(timeout=60)
    finally:
        process.kill()
    found = emulator.run(f"acme/rl/{run}")
    assert (found.config, found.summary["loss"]) == ({"lr": 0.3}, 0.3)
    assert process.returncode == 0


def test_an_enqueued_run_needs_a_config(emulator: Emulator) -> None:
    name = create(emulator, CUSTOM)
    query = """
    mutation ($id: ID!) { enqueueSweepRun(input: {id: $id, config: "[1]"}) { id } }
    """
    response = post(emulator, query, id=emulator.sweep(f"acme/rl/{name}").id)
    assert response.status_code == 400
    assert "config must be a JSON object" in response.text


def test_a_sweep_knows_its_prior_runs(emulator: Emulator, tmp_path: Path) -> None:
    emulator.seed([{"project": "acme/rl", "name": name} for name in ("r1", "r2", "r3")])
    code = f"""
    import wandb
    print(wandb.sweep({CUSTOM!r}, entity="acme", project="rl", prior_runs=["r1", "r3"]))
    """
    name = run_client(emulator, tmp_path, code).split()[-1]
    found = ask(emulator, PRIOR, name=name)["project"]["sweep"]
    assert [edge["node"]["name"] for edge in found["priorRuns"]["edges"]] == ["r1", "r3"]
    assert json.loads(found["priorRunsFilters"]) == {"$or": [{"name": "r1"}, {"name": "r3"}]}
    other = create(emulator, CUSTOM)
    assert ask(emulator, PRIOR, name=other)["project"]["sweep"]["priorRuns"]["edges"] == []


@pytest.mark.parametrize("filters", ["{", '{"nope": 1}', '{"name": {"$near": 1}}'])
def test_prior_runs_filters_that_make_no_sense_are_refused(
    emulator: Emulator, filters: str
) -> None:
    assert post(emulator, CREATE, filters=filters).status_code == 400


def test_a_preempted_run_of_a_sweep_is_handed_out_again(emulator: Emulator) -> None:
    name = create(emulator, {"method": "grid", "parameters": PARAMETERS})
    agent = FakeAgent(emulator, name)
    run = agent.beat()[0]["run_id"]
    emulator.change(f"acme/rl/{run}", state="preempted")
    (command,) = agent.beat()
    assert (command["type"], command["run_id"]) == ("resume", run)
    assert command["args"] == {"lr": {"value": 0.1}}
    assert emulator.run(f"acme/rl/{run}").state == "pending"
    assert emulator.sweep(f"acme/rl/{name}").agents[0]["runs"] == [run]
    assert agent.beat()[0]["args"] == {"lr": {"value": 0.2}}
