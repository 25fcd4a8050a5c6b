"""Fault injection: each action, who it hits, and live runs that act between two requests."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from janitor.emulator import Emulator
from janitor.errors import EmulatorError
from tests.emulator.emulator_clients import ask, post, wait_until

PATH = "acme/rl/r"
READ = '{ project(name: "rl", entityName: "acme") { run(name: "r") { summaryMetrics } } }'
WRITE = """
mutation Write($id: String, $text: JSONString) {
  upsertBucket(input: {id: $id, summaryMetrics: $text}) { bucket { id } }
}
"""
RUNS = """
query ($first: Int, $after: String) {
  project(name: "rl", entityName: "acme") {
    runs(first: $first, after: $after, filters: "{\\"sweep\\": \\"s1\\"}") {
      edges { node { name } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""


@pytest.fixture
def identifier(emulator: Emulator) -> str:
    """The storage id of the run acme/rl/r, whose summary holds a = 1."""
    emulator.seed([{"project": "acme/rl", "name": "r", "sweep": "s1", "summary": {"a": 1}}])
    return emulator.run(PATH).id


def write(emulator: Emulator, identifier: str, **keys: Any) -> requests.Response:
    return post(emulator, WRITE, id=identifier, text=json.dumps(keys))


def names_by_page(emulator: Emulator, first: int) -> list[list[str]]:
    pages, after, more = [], None, True
    while more:
        runs = ask(emulator, RUNS, first=first, after=after)["project"]["runs"]
        pages.append([edge["node"]["name"] for edge in runs["edges"]])
        after, more = runs["pageInfo"]["endCursor"], runs["pageInfo"]["hasNextPage"]
    return pages


@pytest.mark.usefixtures("identifier")
def test_a_status_with_retry_after_and_body(emulator: Emulator) -> None:
    emulator.faults.add(action="status", status=429, retry_after=2, body="slow down", times=1)
    response = post(emulator, READ)
    assert (response.status_code, response.text) == (429, "slow down")
    assert response.headers["Retry-After"] == "2"
    assert response.headers["Date"]
    assert post(emulator, READ).status_code == 200
    assert [rule["fired"] for rule in emulator.faults.list()] == [1]


@pytest.mark.parametrize("action", ["status", "reset", "garbage", "errors"])
@pytest.mark.parametrize("applied", [False, True])
def test_an_answer_is_lost_before_or_after_the_write_is_applied(
    emulator: Emulator, identifier: str, action: str, *, applied: bool
) -> None:
    rule: dict[str, Any] = {"action": action, "applied": applied}
    if action == "status":
        rule["status"] = 502
    emulator.faults.add(rule, {"action": "delay", "seconds": 0})
    if action == "reset":
        with pytest.raises(requests.ConnectionError):
            write(emulator, identifier, a=2)
    else:
        write(emulator, identifier, a=2)
    assert emulator.run(PATH).summary == {"a": 2 if applied else 1}
    assert emulator.counts.upserts[PATH] == 1


def test_garbage_is_not_json(emulator: Emulator) -> None:
    emulator.faults.add(action="garbage", body="<html>")
    response = post(emulator, READ)
    assert (response.status_code, response.text) == (200, "<html>")


def test_graphql_errors_come_with_status_200(emulator: Emulator) -> None:
    emulator.faults.add(action="errors", messages=["overloaded", "try later"])
    response = post(emulator, READ)
    assert response.status_code == 200
    assert [error["message"] for error in response.json()["errors"]] == ["overloaded", "try later"]


def test_a_hanging_request_ends_when_it_is_released(emulator: Emulator, identifier: str) -> None:
    emulator.faults.add(action="hang", match={"field": "upsertBucket"})
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(write, emulator, identifier, a=2)
        wait_until(lambda: emulator.faults.waiting == 1)
        assert emulator.faults.release() == 1
        with pytest.raises(requests.ConnectionError):
            waiting.result()
    assert emulator.run(PATH).summary == {"a": 1}


def test_a_hanging_request_ends_when_its_time_is_up(emulator: Emulator) -> None:
    emulator.faults.add(action="hang", seconds=0.05)
    with pytest.raises(requests.ConnectionError):
        post(emulator, READ)


def test_a_hanging_request_ends_when_its_client_has_gone(
    emulator: Emulator, identifier: str
) -> None:
    emulator.faults.add(action="hang")
    body = {"query": WRITE, "variables": {"id": identifier, "text": "{}"}}
    with pytest.raises(requests.Timeout):
        requests.post(f"{emulator.url}/graphql", json=body, auth=("api", "k" * 40), timeout=0.2)
    wait_until(lambda: emulator.faults.waiting == 0)
    assert emulator.run(PATH).summary == {"a": 1}


def test_a_slow_answer(emulator: Emulator) -> None:
    emulator.faults.add(action="delay", seconds=0.2)
    began = time.monotonic()
    post(emulator, READ)
    assert time.monotonic() - began >= 0.2


def test_every_answer_may_be_slow(emulator: Emulator) -> None:
    emulator.configure(latency=0.1)
    began = time.monotonic()
    post(emulator, READ)
    assert time.monotonic() - began >= 0.1


def test_pages_may_be_shorter_than_asked_for(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "sweep": "s1", "count": 5}])
    emulator.faults.add(action="short_page", rows=1, nth=2, match={"field": "project.runs"})
    assert names_by_page(emulator, 2) == [["r-0", "r-1"], ["r-2"], ["r-3", "r-4"]]


def test_rows_may_be_repeated_between_pages(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "sweep": "s1", "count": 4}])
    emulator.faults.add(action="duplicate_rows", nth=2, match={"sweep": "s1"})
    assert names_by_page(emulator, 2) == [["r-0", "r-1"], ["r-1", "r-2"], ["r-3"]]


def test_rows_may_be_missing_between_pages(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "sweep": "s1", "count": 5}])
    emulator.faults.add(action="missing_rows", rows=2, match={"sweep": "s1"})
    assert names_by_page(emulator, 2) == [["r-0", "r-1"], ["r-4"]]


@pytest.mark.parametrize(
    "match",
    [
        {},
        {"path": "^/graphql$"},
        {"kind": "mutation"},
        {"field": "upsertBucket"},
        {"run": "r"},
        {"run": "acme/rl/r"},
        {"user_agent": "^python-requests"},
        {"operation": "Write"},
        {"sdk": False},
        {"kind": "mutation", "run": "r"},
    ],
)
def test_a_rule_hits_what_it_matches(
    emulator: Emulator, identifier: str, match: dict[str, str]
) -> None:
    emulator.faults.add(action="status", status=503, match=match)
    assert write(emulator, identifier, a=2).status_code == 503


@pytest.mark.parametrize(
    "match",
    [
        {"path": "file_stream"},
        {"kind": "query"},
        {"field": "project"},
        {"run": "other"},
        {"run": "acme/other/r"},
        {"sweep": "s1"},
        {"user_agent": "^Go"},
        {"operation": "UpsertBucket"},
        {"sdk": True},
        {"kind": "mutation", "run": "other"},
    ],
)
def test_a_rule_spares_what_it_does_not_match(
    emulator: Emulator, identifier: str, match: dict[str, str]
) -> None:
    emulator.faults.add(action="status", status=503, match=match)
    assert write(emulator, identifier, a=2).status_code == 200


def test_a_rule_may_fire_on_only_the_nth_request(emulator: Emulator) -> None:
    emulator.faults.add(action="status", status=503, nth=[2, 4], match={"kind": "query"})
    statuses = [post(emulator, READ).status_code for _ in range(5)]
    assert statuses == [200, 503, 200, 503, 200]


def test_a_rule_may_spare_the_first_requests(emulator: Emulator) -> None:
    emulator.faults.add(action="status", status=503, skip=1, times=2)
    assert [post(emulator, READ).status_code for _ in range(4)] == [200, 503, 503, 200]


def test_a_rule_may_take_requests_by_chance_and_the_same_ones_by_seed(emulator: Emulator) -> None:
    def statuses() -> list[int]:
        emulator.faults.clear()
        emulator.faults.add(action="status", status=503, probability=0.5, seed=7)
        return [post(emulator, READ).status_code for _ in range(12)]

    first = statuses()
    assert set(first) == {200, 503}
    assert statuses() == first


def test_a_run_may_finish_between_a_read_and_the_write(emulator: Emulator, identifier: str) -> None:
    emulator.faults.add(
        action="change",
        when="before",
        match={"field": "upsertBucket"},
        change={"log": {"loss": 0.5}, "finish": 0},
    )
    write(emulator, identifier, a=2)
    run = emulator.run(PATH)
    assert run.state == "finished"
    assert run.summary == {"a": 2}
    assert json.loads(run.files["wandb-summary.json"]) == {"a": 1, "loss": 0.5}


def test_a_live_run_may_overwrite_a_write(emulator: Emulator, identifier: str) -> None:
    emulator.faults.add(
        action="change",
        when="after",
        run=PATH,
        match={"field": "upsertBucket"},
        change={"log": {"step": 9}},
    )
    write(emulator, identifier, mark="janitor")
    run = emulator.run(PATH)
    assert run.summary == {"a": 1, "step": 9}
    assert (run.state, run.history_line_count) == ("running", 1)


def test_a_held_write_waits_for_a_run_to_end(emulator: Emulator, identifier: str) -> None:
    emulator.change(PATH, state="running")
    emulator.faults.add(action="hold", match={"field": "upsertBucket"}, run=PATH)
    answered = threading.Event()

    def send() -> None:
        write(emulator, identifier, a=2)
        answered.set()

    sender = threading.Thread(target=send)
    sender.start()
    wait_until(lambda: emulator.faults.waiting == 1)
    emulator.change(PATH, heartbeat=True)
    assert not answered.is_set()
    assert emulator.run(PATH).summary == {"a": 1}
    emulator.change(PATH, finish=0)
    assert answered.wait(10)
    sender.join()
    assert emulator.run(PATH).summary == {"a": 2}


def test_a_held_request_is_carried_out_when_released_even_if_its_client_has_gone(
    emulator: Emulator, identifier: str
) -> None:
    emulator.faults.add(action="hold", match={"field": "upsertBucket"})
    body = {"query": WRITE, "variables": {"id": identifier, "text": '{"a": 2}'}}
    with pytest.raises(requests.Timeout):
        requests.post(f"{emulator.url}/graphql", json=body, auth=("api", "k" * 40), timeout=0.2)
    assert emulator.faults.release() == 1
    wait_until(lambda: bool(emulator.run(PATH).summary == {"a": 2}))


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "explode"},
        {"action": "status"},
        {"action": "status", "status": 9},
        {"action": "reset", "nope": 1},
        {"action": "reset", "match": {"nope": 1}},
        {"action": "change", "change": {"nope": 1}},
        {"action": "reset", "probability": 2},
    ],
)
def test_a_malformed_rule_is_refused(emulator: Emulator, rule: dict[str, Any]) -> None:
    with pytest.raises(EmulatorError, match="refuses POST /faults"):
        emulator.faults.add(rule)
    assert emulator.faults.list() == []
