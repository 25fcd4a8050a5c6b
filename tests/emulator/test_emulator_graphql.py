"""The GraphQL side, asked without a client's help."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from janitor.emulator import Emulator
from tests.emulator.emulator_clients import ask, post

RUNS = """
query ($filters: JSONString, $first: Int, $after: String, $order: String) {
  project(name: "rl", entityName: "acme") {
    runCount(filters: $filters)
    runs(filters: $filters, first: $first, after: $after, order: $order) {
      edges { node { id name } cursor }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""
SUMMARY = """
query ($keys: [String!]) {
  project(name: "rl", entityName: "acme") { run(name: "r") { summaryMetrics(keys: $keys) } }
}
"""
WRITE = """
mutation ($id: String, $text: JSONString) {
  upsertBucket(input: {id: $id, summaryMetrics: $text}) { bucket { id } }
}
"""


def seed(emulator: Emulator, **fields: Any) -> str:
    """Make the run acme/rl/r; its storage id."""
    emulator.seed([{"project": "acme/rl", "name": "r", **fields}])
    return emulator.run("acme/rl/r").id


def summary(emulator: Emulator, *keys: str) -> Any:
    text = ask(emulator, SUMMARY, keys=list(keys))["project"]["run"]["summaryMetrics"]
    return json.loads(text)


def test_pages_are_cut_by_offset(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "count": 5}])
    seen, after = [], None
    for expected_next in (True, True, False):
        runs = ask(emulator, RUNS, first=2, after=after)["project"]["runs"]
        seen += [edge["node"]["name"] for edge in runs["edges"]]
        after = runs["pageInfo"]["endCursor"]
        assert after == runs["edges"][-1]["cursor"]
        assert runs["pageInfo"]["hasNextPage"] is expected_next
    assert seen == ["r-0", "r-1", "r-2", "r-3", "r-4"]


def test_writing_while_paging_over_a_filter_that_the_write_changes_skips_runs(
    emulator: Emulator,
) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "count": 4, "state": "running"}])
    filters = '{"state": "running"}'
    first = ask(emulator, RUNS, first=2, filters=filters)["project"]["runs"]
    emulator.change("acme/rl/r-0", state="finished")
    after = first["pageInfo"]["endCursor"]
    second = ask(emulator, RUNS, first=2, filters=filters, after=after)["project"]["runs"]
    assert [edge["node"]["name"] for edge in second["edges"]] == ["r-3"]


def test_kept_lists_follow_every_change(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "count": 2, "sweep": "s1"}])
    filters = '{"sweep": "s1"}'
    assert ask(emulator, RUNS, filters=filters)["project"]["runCount"] == 2
    emulator.change("acme/rl/r-0", sweep="s2")
    assert ask(emulator, RUNS, filters=filters)["project"]["runCount"] == 1


def test_a_filter_on_state_follows_the_clock(emulator: Emulator) -> None:
    seed(emulator, state="running", watched=True)
    filters = '{"state": "crashed"}'
    assert ask(emulator, RUNS, filters=filters)["project"]["runCount"] == 0
    emulator.advance(301)
    assert ask(emulator, RUNS, filters=filters)["project"]["runCount"] == 1


@pytest.mark.parametrize(
    "query",
    [
        '{ project(name: "rl") { nope } }',
        "{ project(nope: 1) { id } }",
        '{ project(name: "rl") { runs(firstly: 3) { edges { cursor } } } }',
        "{ project(name: 1) { id } }",
        '{ project(name: "rl") ',
        "",
    ],
)
def test_what_the_schema_does_not_know_is_refused(emulator: Emulator, query: str) -> None:
    response = post(emulator, query)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"]
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "variables",
    [
        {"filters": "no json"},
        {"filters": '{"nope": 1}'},
        {"filters": '{"state": {"$nope": 1}}'},
        {"order": "+nope"},
        {"after": "nope"},
        {"first": -1},
    ],
)
def test_filters_orders_and_cursors_that_make_no_sense_are_refused(
    emulator: Emulator, variables: dict[str, Any]
) -> None:
    seed(emulator)
    response = post(emulator, RUNS, **variables)
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"][0] == "project"


def test_what_is_missing_is_null(emulator: Emulator) -> None:
    seed(emulator)
    query = """
      query ($project: String!) {
        project(name: $project, entityName: "acme") {
          run(name: "x") { id }
          sweep(sweepName: "x") { id }
        }
      }
    """
    assert ask(emulator, query, project="rl") == {"project": {"run": None, "sweep": None}}
    assert ask(emulator, query, project="none") == {"project": None}


def test_many_runs_are_read_as_aliased_fields(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "count": 50}])
    fields = " ".join(f'a{n}: run(name: "r-{n}") {{ name summaryMetrics }}' for n in range(50))
    answer = ask(emulator, f'{{ project(name: "rl", entityName: "acme") {{ {fields} }} }}')
    assert [run["name"] for run in answer["project"].values()] == [f"r-{n}" for n in range(50)]
    assert emulator.requests[-1].runs == [f"acme/rl/r-{n}" for n in range(50)]


def test_chosen_summary_keys_are_top_level_names(emulator: Emulator) -> None:
    flat = {"protein.state": "running", "protein": {"state": "success", "cost": 1}, "other": 2}
    seed(emulator, summary=flat)
    assert summary(emulator, "protein.state", "none") == {"protein.state": "running"}
    assert summary(emulator, "protein") == {"protein": flat["protein"]}
    assert summary(emulator) == {}


def test_chosen_summary_keys_may_be_places_in_nested_objects(emulator: Emulator) -> None:
    emulator.configure(summary_keys="nested")
    seed(emulator, summary={"protein.state": "running", "protein": {"state": "success", "cost": 1}})
    assert summary(emulator, "protein.state") == {"protein": {"state": "success"}}
    assert summary(emulator, "protein.state", "protein.cost", "protein.none") == {
        "protein": {"state": "success", "cost": 1}
    }


def test_a_server_may_not_know_the_keys_argument(emulator: Emulator) -> None:
    seed(emulator, summary={"loss": 1})
    emulator.configure(summary_keys="refuse")
    response = post(emulator, SUMMARY, keys=["loss"])
    assert response.status_code == 400
    assert "Unknown argument 'keys'" in response.text
    whole = '{ project(name: "rl", entityName: "acme") { run(name: "r") { summaryMetrics } } }'
    assert ask(emulator, whole)["project"]["run"]["summaryMetrics"] == '{"loss": 1}'


@pytest.mark.parametrize("text", ["[1, 2]", '"text"', "no json", "", "null", '{"a": NaN}'])
def test_a_summary_is_answered_as_it_was_written(emulator: Emulator, text: str) -> None:
    seed(emulator, summary_text=text)
    answer = ask(emulator, SUMMARY)["project"]["run"]
    assert answer["summaryMetrics"] == text


def test_a_written_summary_replaces_the_old_one(emulator: Emulator) -> None:
    identifier = seed(emulator, summary={"a": 1, "b": 2})
    text = '{"b": Infinity, "é": 18446744073709551617}'
    ask(emulator, WRITE, id=identifier, text=text)
    assert emulator.run("acme/rl/r").summary_text == text


def test_a_written_summary_may_be_merged(emulator: Emulator) -> None:
    emulator.configure(summary_write="merge")
    identifier = seed(emulator, summary={"a": 1, "b": 2})
    ask(emulator, WRITE, id=identifier, text='{"b": 3}')
    assert emulator.run("acme/rl/r").summary == {"a": 1, "b": 3}


@pytest.mark.parametrize("moves", [False, True])
def test_a_written_summary_moves_the_heartbeat_only_if_configured(
    emulator: Emulator,
    *,
    moves: bool,
) -> None:
    emulator.configure(heartbeat_on_write=moves)
    identifier = seed(emulator, heartbeat_at="-2h", state="crashed")
    before = emulator.run("acme/rl/r").heartbeat_at
    ask(emulator, WRITE, id=identifier, text="{}")
    run = emulator.run("acme/rl/r")
    assert (run.heartbeat_at != before) is moves
    assert run.state == "crashed"


def test_a_write_to_an_unknown_run_is_refused(emulator: Emulator) -> None:
    assert post(emulator, WRITE, id="UnVuOnYxOngteQ==", text="{}").status_code == 404
    assert post(emulator, WRITE, id="no id", text="{}").status_code == 404


def test_the_native_state_is_set_only_where_wandb_allows_it(emulator: Emulator) -> None:
    mutation = (
        'mutation ($id: ID!) { updateRunState(input: {id: $id, state: "failed"}) { success } }'
    )
    assert ask(emulator, mutation, id=seed(emulator, state="running"))
    assert post(emulator, mutation, id=seed(emulator, state="finished")).status_code == 400
    response = post(emulator, mutation, id=seed(emulator, state="running", sweep="s1"))
    assert "sweep runs cannot" in response.text.lower()


def test_pages_may_have_a_limit(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "count": 5}])
    emulator.configure(max_page=2)
    assert post(emulator, RUNS, first=3).status_code == 400
    assert len(ask(emulator, RUNS, first=2)["project"]["runs"]["edges"]) == 2
    emulator.configure(max_page_action="cut")
    runs = ask(emulator, RUNS, first=3)["project"]["runs"]
    assert (len(runs["edges"]), runs["pageInfo"]["hasNextPage"]) == (2, True)


def test_answers_may_have_a_limit(emulator: Emulator) -> None:
    seed(emulator, summary={"text": "x" * 1000})
    emulator.configure(max_answer_bytes=500)
    assert post(emulator, SUMMARY).status_code == 413


def test_nan_outside_of_a_json_text_is_refused(emulator: Emulator) -> None:
    query = "query ($n: Int) { models(first: $n) { edges { cursor } } }"
    body = json.dumps({"query": query, "variables": {"n": float("nan")}})
    response = requests.post(f"{emulator.url}/graphql", body, auth=("api", "k" * 40), timeout=9)
    assert response.status_code == 400
    assert "NaN" in response.text


def test_the_date_header_follows_the_servers_clock(emulator: Emulator) -> None:
    emulator.configure(clock_offset=86400)
    date = parsedate_to_datetime(post(emulator, "{ viewer { id } }").headers["Date"])
    assert abs(date - emulator.now()) < timedelta(seconds=5)
    emulator.configure(clock_offset=0)
    assert date - emulator.now() > timedelta(hours=23)


def test_an_empty_operation_name_is_none(emulator: Emulator) -> None:
    body = {"query": "query One { viewer { id } }", "operationName": "", "variables": None}
    response = requests.post(
        f"{emulator.url}/graphql", json=body, auth=("api", "k" * 40), timeout=9
    )
    assert response.json()["data"]["viewer"]["id"]
