"""The state file: what survives a restart, and what is said of a damaged one."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import requests

from janitor.emulator import DEFAULT_KEY, Emulator
from janitor.errors import EmulatorError
from tests.emulator.emulator_clients import ask, post_lines

if TYPE_CHECKING:
    from pathlib import Path

PATH = "acme/rl/r"
SEED = {
    "defaults": {"project": "acme/rl"},
    "sweeps": [{"project": "acme/rl", "name": "s1", "config": {"method": "custom"}}],
    "runs": [
        {"name": "r", "sweep": "s1", "files": {"a": "1", "b": "2"}, "history": [{"x": 1}]},
        {"name": "gone"},
    ],
}
DELETE = "mutation ($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"
CREATE = """
mutation { upsertBucket(input: {name: "gone", modelName: "rl", entityName: "acme"}) { inserted } }
"""
ENQUEUE = """
mutation ($id: ID!) {
  enqueueSweepRun(input: {id: $id, config: "{}", displayName: "queued"}) { id }
}
"""
AGENT = """
mutation {
  createAgent(input: {host: "h", entityName: "acme", projectName: "rl", sweep: "s1"}) {
    agent { id }
  }
}
"""
HEARTBEAT = "mutation ($id: ID!) { agentHeartbeat(input: {id: $id}) { commands } }"
FILES = """
{ project(name: "rl", entityName: "acme") {
    run(name: "r") { files { edges { node { id name } } } }
} }
"""
DELETE_FILE = "mutation ($id: ID!) { deleteFiles(input: {files: [$id]}) { success } }"
REWIND = """
mutation { rewindRun(input: {runName: "r", entityName: "acme", projectName: "rl",
                             metricName: "_step", metricValue: 0}) { rewoundRun { name } } }
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state file with a sweep, an agent, runs, lines, files and an artifact."""
    file = tmp_path / "state"
    with Emulator(state=file) as emulator:
        emulator.seed(SEED)
        ask(emulator, AGENT)
        query = """
        mutation { createArtifact(input: {entityName: "acme", projectName: "rl", digest: "d",
                   artifactCollectionName: "data", artifactTypeName: "t"}) { artifact { id } } }
        """
        ask(emulator, query)
    return file


def execute(file: Path, statement: str, *values: Any) -> None:
    with sqlite3.connect(file) as database:
        database.execute(statement, values)
    database.close()


def test_deleted_names_queues_and_cut_histories_survive_a_restart(state: Path) -> None:
    with Emulator(state=state) as first:
        ask(first, DELETE, id=first.run("acme/rl/gone").id)
        ask(first, ENQUEUE, id=first.sweep("acme/rl/s1").id)
        post_lines(first, PATH, "wandb-history.jsonl", [json.dumps({"_step": n}) for n in range(3)])
        first.change(PATH, state="finished")
        ask(first, REWIND)
        (file,) = [
            edge["node"]["id"]
            for edge in ask(first, FILES)["project"]["run"]["files"]["edges"]
            if edge["node"]["name"] == "a"
        ]
        ask(first, DELETE_FILE, id=file)
    with Emulator(state=state) as second:
        auth = ("api", DEFAULT_KEY)
        url = f"{second.url}/graphql"
        assert requests.post(url, json={"query": CREATE}, auth=auth, timeout=9).status_code == 409
        agent = ask(second, AGENT)["createAgent"]["agent"]["id"]
        commands = json.loads(ask(second, HEARTBEAT, id=agent)["agentHeartbeat"]["commands"])
        assert second.run(f"acme/rl/{commands[0]['run_id']}").display_name == "queued"
        assert second.run(PATH).history_line_count == 1
        assert list(second.run(PATH).files) == ["b"]


def test_a_state_file_of_the_first_version_is_read(state: Path) -> None:
    with sqlite3.connect(state) as database:
        database.execute("pragma user_version = 1")
        database.execute("drop table blobs")
        database.execute("delete from records where kind in ('collection', 'artifact')")
        for name in ("deleted_runs", "queue", "prior_runs_filters"):
            database.execute("update records set body = json_remove(body, ?)", (f"$.{name}",))
    database.close()
    with Emulator(state=state) as emulator:
        assert emulator.run(PATH).sweep == "s1"


def test_a_state_file_of_a_later_version_is_refused(state: Path) -> None:
    execute(state, "pragma user_version = 99")
    with pytest.raises(EmulatorError, match=r"has an unknown version \(99\)"):
        Emulator(state=state)


def test_a_state_file_in_use_is_refused(state: Path) -> None:
    with (
        Emulator(state=state),
        pytest.raises(EmulatorError, match="is in use by another process"),
    ):
        Emulator(state=state)


@pytest.mark.parametrize("kind", ["project", "sweep", "run", "agent", "collection", "artifact"])
@pytest.mark.parametrize(
    "body",
    ["{", "[]", "{}", '"x"', "null", "[" * 20_000, '{"created_at": 5}'],
    ids=["cut", "list", "empty", "string", "null", "deep", "type"],
)
def test_a_damaged_record_is_named_in_one_sentence(state: Path, kind: str, body: str) -> None:
    execute(state, "update records set body = ? where kind = ?", body, kind)
    check_damaged(state, kind)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("run", "state", 5),
        ("run", "tags", "a"),
        ("run", "tags", [1]),
        ("run", "summary_text", {"a": 1}),
        ("run", "created_at", "yesterday"),
        ("run", "stopped", "yes"),
        ("sweep", "queue", [None]),
        ("sweep", "suggested", 1.5),
        ("agent", "sweep", "none"),
        ("agent", "done", 0),
        ("project", "deleted_runs", {"a": "b"}),
        ("artifact", "collection", "none"),
        ("artifact", "manifests", [{}]),
        ("collection", "versions", [99]),
        ("collection", "aliases", {"latest": 99}),
    ],
)
def test_a_damaged_field_is_named_in_one_sentence(
    state: Path, kind: str, field: str, value: Any
) -> None:
    statement = "update records set body = json_set(body, ?, json(?)) where kind = ?"
    execute(state, statement, f"$.{field}", json.dumps(value), kind)
    check_damaged(state, kind)


@pytest.mark.parametrize(
    "statement",
    [
        "update lines set line = x'ff'",
        "update files set content = 'text'",
        "update files set updated_at = 'soon'",
        "update files set updated_at = x'00'",
    ],
)
def test_damaged_lines_and_files_are_named(state: Path, statement: str) -> None:
    execute(state, statement)
    check_damaged(state, f"the lines and files of the run {PATH}")


def test_a_table_of_another_shape_is_named(state: Path) -> None:
    execute(state, "drop table records")
    execute(state, "create table records (kind text)")
    check_damaged(state, "its tables")


def check_damaged(state: Path, words: str) -> None:
    with pytest.raises(EmulatorError) as caught:
        Emulator(state=state)
    message = str(caught.value)
    assert message.startswith(f"the state file {state} is damaged (")
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_or_overwritten_file_never_causes_a_traceback(
    state: Path, share: float
) -> None:
    content = state.read_bytes()
    place = int(len(content) * share)
    for damaged in (content[:place], content[:place] + b"\xff" * 600 + content[place + 600 :]):
        state.write_bytes(damaged)
        problem = problem_of(state)
        assert "\n" not in problem
        assert not problem or str(state) in problem


def problem_of(state: Path) -> str:
    """What the emulator says of a file that it cannot use; empty if it can use it."""
    try:
        with Emulator(state=state) as emulator:
            emulator.run_paths()
    except EmulatorError as error:
        return str(error)
    return ""


def test_a_write_that_fails_is_answered_with_a_sentence(state: Path) -> None:
    with Emulator(state=state) as emulator:
        file = emulator._service._state_file  # noqa: SLF001 - only here can a write be made to fail
        assert file is not None
        file._database.execute("pragma query_only = 1")  # noqa: SLF001 - its only connection
        with pytest.raises(EmulatorError, match="cannot be written"):
            emulator.change(PATH, display_name="x")
        assert emulator.run(PATH).display_name == "x"
