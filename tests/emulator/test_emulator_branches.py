"""Forks, rewinds, deleted names and reused ids, with the real SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.emulator_clients import ask, post, post_lines, run_client, start_client

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.emulator import Emulator

PATH = "acme/rl/r1"
TRAIN = """
import wandb
run = wandb.init(entity="acme", project="rl", id="r1", config={"lr": 0.1})
for step in range(6):
    run.log({"loss": step})
run.finish()
"""
STEPS = """
import wandb
print([(row["_step"], row["loss"]) for row in wandb.Api().run("acme/rl/%s").scan_history()])
"""
DELETE = "mutation ($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"
CREATE = """
mutation ($name: String) {
  upsertBucket(input: {name: $name, modelName: "rl", entityName: "acme"}) { inserted }
}
"""
KEYS = '{ project(name: "rl", entityName: "acme") { run(name: "r1") { historyKeys } } }'


def test_a_fork_continues_the_history_of_its_origin(emulator: Emulator, tmp_path: Path) -> None:
    run_client(emulator, tmp_path, TRAIN)
    code = """
    import wandb
    run = wandb.init(entity="acme", project="rl", id="r2", fork_from="r1?_step=2")
    for loss in (100, 101):
        run.log({"loss": loss})
    run.finish()
    """
    run_client(emulator, tmp_path, code)
    out = run_client(emulator, tmp_path, STEPS % "r2")
    assert out.strip() == "[(0, 0), (1, 1), (2, 2), (3, 100), (4, 101)]"
    assert run_client(emulator, tmp_path, STEPS % "r1").count("(") == 6


def test_a_rewind_takes_an_ended_run_back_to_a_step(emulator: Emulator, tmp_path: Path) -> None:
    run_client(emulator, tmp_path, TRAIN)
    code = """
    import wandb
    run = wandb.init(entity="acme", project="rl", id="r1", resume_from="r1?_step=3")
    print(run.config["lr"])
    run.log({"loss": 50})
    run.finish()
    """
    assert run_client(emulator, tmp_path, code).split() == ["0.1"]
    out = run_client(emulator, tmp_path, STEPS % "r1")
    assert out.strip() == "[(0, 0), (1, 1), (2, 2), (3, 3), (4, 50)]"
    assert emulator.run(PATH).summary["loss"] == 50


@pytest.mark.parametrize(
    ("state", "metric", "words"),
    [
        ("running", "_step", "cannot rewind a run that is not in a terminal state"),
        ("finished", "loss", "only supports the metric _step"),
    ],
)
def test_a_rewind_that_wandb_does_not_allow_is_refused(
    emulator: Emulator, state: str, metric: str, words: str
) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1", "state": state}])
    query = """
    mutation ($metric: String!) {
      rewindRun(input: {runName: "r1", entityName: "acme", projectName: "rl", metricName: $metric,
                        metricValue: 1}) { rewoundRun { id } }
    }
    """
    response = post(emulator, query, metric=metric)
    assert response.status_code == 400
    assert words in response.text


def test_a_run_that_reuses_an_id_without_resume_overwrites_the_old_steps(
    emulator: Emulator, tmp_path: Path
) -> None:
    run_client(emulator, tmp_path, TRAIN)
    code = """
    import wandb
    run = wandb.init(entity="acme", project="rl", id="r1")
    run.log({"loss": 70})
    run.log({"loss": 71})
    run.finish()
    """
    run_client(emulator, tmp_path, code)
    out = run_client(emulator, tmp_path, STEPS % "r1")
    assert out.strip() == "[(0, 70), (1, 71), (2, 2), (3, 3), (4, 4), (5, 5)]"
    assert emulator.run(PATH).summary["loss"] == 71


def test_a_repeated_post_changes_nothing(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1"}])
    first, second = '{"_step": 0, "loss": 1}', '{"_step": 1, "loss": 2}'
    for _ in range(2):
        post_lines(emulator, PATH, "wandb-history.jsonl", [first, second])
    assert emulator.run(PATH).history_line_count == 2


def test_a_run_is_deleted_twice_without_an_error(emulator: Emulator, tmp_path: Path) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1"}])
    code = """
    import wandb
    run = wandb.Api().run("acme/rl/r1")
    run.delete()
    run.delete(delete_artifacts=True)
    """
    run_client(emulator, tmp_path, code)
    assert emulator.run_paths() == []
    never = "UnVuOnYxOm5ldmVyOnJsOmFjbWU="  # Run:v1:never:rl:acme
    assert post(emulator, DELETE, id=never).status_code == 404


def test_the_id_of_a_deleted_run_cannot_be_used_for_a_week(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1"}])
    ask(emulator, DELETE, id=emulator.run(PATH).id)
    code = """
    import wandb
    settings = wandb.Settings(x_graphql_retry_max=1, x_graphql_retry_wait_max_seconds=1)
    wandb.init(entity="acme", project="rl", id="r1", settings=settings)
    """
    _, err = start_client(emulator, tmp_path, code).communicate(timeout=60)
    assert "acme/rl/r1 was previously created and deleted; try a new run name" in err
    assert post(emulator, CREATE, name="r1").status_code == 409
    assert emulator.run_paths() == []
    emulator.advance(8 * 86400)
    assert ask(emulator, CREATE, name="r1")["upsertBucket"]["inserted"] is True


def test_history_keys_count_the_rows_of_sparse_metrics(emulator: Emulator) -> None:
    rows = [{"loss": step} | ({"accuracy": 0.5} if step % 5 == 0 else {}) for step in range(10)]
    emulator.seed([{"project": "acme/rl", "name": "r1", "history": [*rows, {"final": "a"}]}])
    found = ask(emulator, KEYS)["project"]["run"]["historyKeys"]
    counts = {key: entry["typeCounts"] for key, entry in found["keys"].items()}
    assert counts["loss"] == [{"type": "number", "count": 10}]
    assert counts["accuracy"] == [{"type": "number", "count": 2}]
    assert counts["final"] == [{"type": "string", "count": 1}]
    assert found["keys"]["accuracy"]["previousValue"] == 0.5
    assert found["lastStep"] == 10
    post_lines(emulator, PATH, "wandb-history.jsonl", ['{"_step": 0, "late": 1}'])
    assert "late" in ask(emulator, KEYS)["project"]["run"]["historyKeys"]["keys"]


@pytest.mark.parametrize(("code", "state"), [(143, "preempted"), (0, "finished")])
def test_a_preempting_run_that_ends_is_preempted_unless_it_succeeds(
    emulator: Emulator, tmp_path: Path, code: int, state: str
) -> None:
    run_client(
        emulator,
        tmp_path,
        f"""
        import time
        import wandb
        run = wandb.init(entity="acme", project="rl", id="r1")
        run.log({{"loss": 1}})
        run.mark_preempting()
        time.sleep(2)                       # a heartbeat without the mark
        run.config["late"] = 1              # the SDK sends its run once more
        run.finish(exit_code={code})
        """,
        WANDB__FILE_STREAM_TRANSMIT_INTERVAL="0.5",
    )
    assert emulator.run(PATH).config["late"] == 1
    assert emulator.run(PATH).state == state


def test_a_preempting_run_that_is_resumed_runs_again(emulator: Emulator, tmp_path: Path) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1", "state": "preempting", "watched": True}])
    code = """
    import wandb
    run = wandb.init(entity="acme", project="rl", id="r1", resume="allow")
    print(wandb.Api().run("acme/rl/r1").state)
    run.finish(exit_code=1)
    """
    assert run_client(emulator, tmp_path, code).split() == ["running"]
    assert emulator.run(PATH).state == "failed"


def test_an_invalid_state_transition_is_named(emulator: Emulator, tmp_path: Path) -> None:
    code = """
    import wandb
    run = wandb.Api().create_run(run_id="r1", project="rl", entity="acme")
    run = wandb.Api().run("acme/rl/r1")
    print(run.update_state("failed"), run.state)
    try:
        run.update_state("failed")
    except wandb.Error as error:
        print(error)
    """
    out = run_client(emulator, tmp_path, code).splitlines()
    assert out[0] == "True failed"
    assert "invalid state transition" in out[1]


def test_a_stop_names_its_mutation(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r1", "state": "running"}])
    query = """
    mutation ($id: ID!) {
      stopRun(input: {id: $id, clientMutationId: "m1"}) { success clientMutationId }
    }
    """
    answer = ask(emulator, query, id=emulator.run(PATH).id)["stopRun"]
    assert answer == {"success": True, "clientMutationId": "m1"}
    assert emulator.run(PATH).stopped is True


def test_the_server_announces_what_it_supports(emulator: Emulator) -> None:
    features = ask(emulator, "{ serverInfo { features { name isEnabled } } }")["serverInfo"]
    names = {feature["name"] for feature in features["features"] if feature["isEnabled"]}
    assert {"UPDATE_RUN_STATE", "SWEEPS_LOCAL_SCHEDULER", "CLIENT_IDS"} <= names
