"""Malformed and hostile input gets one sentence, and the server goes on."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from janitor.emulator import DEFAULT_KEY
from janitor.errors import EmulatorError
from tests.emulator.emulator_clients import ask, post

if TYPE_CHECKING:
    from janitor.emulator import Emulator

DEEP = "[" * 100_000 + "]" * 100_000
PATH = "acme/rl/r"
RUNS = """
query ($filters: JSONString) {
  project(name: "rl", entityName: "acme") { runs(filters: $filters) { edges { node { name } } } }
}
"""
FILES = """
query ($pattern: String) {
  project(name: "rl", entityName: "acme") {
    run(name: "r") { files(pattern: $pattern) { edges { node { name } } } }
  }
}
"""
SWEEP = """
mutation ($config: String!) {
  upsertSweep(input: {config: $config, entityName: "acme", projectName: "rl"}) { sweep { id } }
}
"""
BOMB = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.fixture(autouse=True)
def _one_run(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "display_name": "a" * 40 + "b"}])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/graphql"),
        ("POST", f"/files/{PATH}/file_stream"),
        ("POST", "/emulator/seed"),
        ("POST", "/emulator/reset"),
        ("PATCH", "/emulator/settings"),
        ("PATCH", f"/emulator/runs/{PATH}"),
        ("POST", "/faults"),
    ],
)
@pytest.mark.parametrize("body", [DEEP, "[1]", '"text"', "{", b"\xff"])
def test_a_malformed_body_gets_one_sentence(
    emulator: Emulator, method: str, path: str, body: str | bytes
) -> None:
    response = requests.request(
        method,
        emulator.url + path,
        data=body,
        headers={"Content-Type": "application/json"},
        auth=("api", DEFAULT_KEY),
        timeout=30,
    )
    assert response.status_code == 400
    answer = response.json()
    message = answer.get("error") or answer["errors"][0]["message"]
    assert "\n" not in message
    assert len(message) < 300
    assert ask(emulator, "{ viewer { id } }")


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"{}" * 99, mtime=0)[:12] + b"\xff" * 40, b"plain", b""],
    ids=["damaged", "plain", "empty"],
)
def test_a_post_that_is_not_gzip_is_refused(emulator: Emulator, body: bytes) -> None:
    response = requests.post(
        f"{emulator.url}/files/{PATH}/file_stream",
        data=body + b"\x00",
        headers={"Content-Encoding": "gzip"},
        auth=("api", DEFAULT_KEY),
        timeout=30,
    )
    assert response.status_code == 400
    assert "cannot be read" in response.text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"action": "explode"}, "use one of 'status', 'reset'"),
        ({}, "'action' is missing"),
        ({"action": "status", "status": 5}, "status: must be greater than or equal to 200"),
        ({"action": "status", "status": 503, "speed": 1}, "speed: unknown field"),
        ({"action": "reset", "match": {"path": "("}}, "match.path: invalid regular expression"),
        ([{"action": "delay"}], "seconds: required field is missing"),
        ({"action": "change", "change": {"finish": "x"}}, "change.finish: must be a valid integer"),
    ],
)
def test_a_malformed_fault_is_explained(emulator: Emulator, rule: Any, words: str) -> None:
    with pytest.raises(EmulatorError) as caught:
        emulator.call("POST", "/faults", rule)
    message = json.loads(str(caught.value).partition("/faults: ")[2])["error"]
    assert words in message
    assert "GET /emulator/formats" in message
    assert "\n" not in message
    assert emulator.faults.list() == []


def test_settings_are_changed_together_or_not_at_all(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match="crash_after: must be greater than or equal to 0"):
        emulator.configure(latency=0.5, crash_after=-1)
    assert emulator.settings.latency == 0


@pytest.mark.parametrize("query", ["{a" * 5_000, "{a" * 3_000 + "}" * 3_000])
def test_a_query_that_is_nested_too_deeply_is_refused(emulator: Emulator, query: str) -> None:
    response = post(emulator, query)
    assert response.status_code == 400
    assert "nested too deeply" in response.text


@pytest.mark.parametrize("text", [DEEP, '{"$not":' * 300 + "{}" + "}" * 300])
def test_a_filter_that_is_nested_too_deeply_is_refused(emulator: Emulator, text: str) -> None:
    response = post(emulator, RUNS, filters=text)
    assert response.status_code == 400
    assert "nested" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*(.*)*(.*)*$x", "(a*)*b\\b\\B"])
def test_a_regular_expression_cannot_block_the_server(emulator: Emulator, pattern: str) -> None:
    filters = json.dumps({"display_name": {"$regex": pattern}})
    answer = ask(emulator, RUNS, filters=filters)
    assert answer["project"]["runs"]["edges"] == []


def test_a_file_pattern_cannot_block_the_server(emulator: Emulator) -> None:
    emulator.change(PATH, upload={"a" * 60: "x"})
    answer = ask(emulator, FILES, pattern="%a" * 25 + "%b")
    assert answer["project"]["run"]["files"]["edges"] == []


def test_a_deep_summary_does_not_break_a_filter(emulator: Emulator) -> None:
    emulator.change(PATH, summary_text=f'{{"x": {DEEP}}}')
    answer = ask(emulator, RUNS, filters='{"summary_metrics.x": 1}')
    assert answer["project"]["runs"]["edges"] == []


@pytest.mark.parametrize(("config", "words"), [(DEEP, "too deeply"), (BOMB, "more than 100000")])
def test_a_sweep_configuration_is_bounded(emulator: Emulator, config: str, words: str) -> None:
    response = post(emulator, SWEEP, config=config)
    assert response.status_code == 400
    assert words in response.json()["errors"][0]["message"]


def test_a_time_too_far_away_is_answered_as_text(emulator: Emulator) -> None:
    assert emulator.change(PATH, heartbeat_at="-99999999999d").heartbeat_at is None
