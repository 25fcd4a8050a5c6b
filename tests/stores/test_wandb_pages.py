"""How WandbStore pages: what it asks a server for, and what it makes of refusals."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from janitor.emulator import Emulator
from janitor.errors import PermissionDeniedError, RejectedError, TooLargeError, TransientError
from janitor.model import Policy
from janitor.stores.wandb import GraphQLApi, WandbStore
from tests.stores.backends import GROUP, SWEEP, a_run, names, pages, read, runs_in_order

FLAT = {"protein.state": "running", "loss": 1}
NESTED = {"protein": {"state": "running"}, "loss": 1}
READS = {"field": "project.runs"}


def reads(emulator: Emulator) -> int:
    return emulator.counts.fields["project.runs"]


# -- chosen keys


def test_a_scan_asks_for_our_keys_alone(wandb_store: WandbStore, emulator: Emulator) -> None:
    emulator.seed([a_run("r1", summary={**FLAT, "big": "x" * 100_000})])
    emulator.reset_counts()
    (run,) = wandb_store.fetch_runs(SWEEP).runs
    assert run.summary == {"protein.state": "running"}
    assert [request.bytes_out < 2000 for request in emulator.requests] == [True]


def test_another_namespace_and_objective_are_asked_for(
    door: GraphQLApi, emulator: Emulator
) -> None:
    summary = {"my.state": "running", "eval": {"score": 1.5}, "protein.state": "x"}
    emulator.seed([a_run("r1", summary=summary)])
    store = WandbStore(door, Policy(namespace="my", objective="eval.score"))
    (run,) = store.fetch_runs(SWEEP).runs
    assert run.summary == {"my.state": "running", "eval": {"score": 1.5}}


@pytest.mark.parametrize("summary", [FLAT, NESTED], ids=["flat", "nested"])
def test_a_server_that_refuses_keys_is_read_whole(
    wandb_store: WandbStore, emulator: Emulator, summary: dict[str, Any]
) -> None:
    emulator.configure(summary_keys="refuse")
    emulator.seed([a_run("r1", summary=summary)])
    emulator.reset_counts()
    assert wandb_store.fetch_runs(SWEEP).runs[0].summary == summary
    assert reads(emulator) == 2
    wandb_store.fetch_runs(SWEEP)
    assert reads(emulator) == 3  # it is not asked for keys again


@pytest.mark.parametrize("summary", [FLAT, NESTED], ids=["flat", "nested"])
def test_a_server_that_takes_dots_for_nesting_is_read_whole_where_it_must(
    wandb_store: WandbStore, emulator: Emulator, summary: dict[str, Any]
) -> None:
    emulator.configure(summary_keys="nested")
    emulator.seed([a_run("r1", summary=summary)])
    (run,) = wandb_store.fetch_runs(SWEEP).runs
    assert {key: run.summary[key] for key in summary if key != "loss"} == {
        key: value for key, value in summary.items() if key != "loss"
    }


def test_such_a_server_hides_no_flat_run_behind_a_nested_one(
    wandb_store: WandbStore, emulator: Emulator
) -> None:
    emulator.configure(summary_keys="nested")
    emulator.seed([a_run("r1", summary=NESTED), a_run("r2", summary=FLAT)])
    found = {run.id: run.summary for run in wandb_store.fetch_runs(SWEEP).runs}
    assert "protein" in found["r1"]
    assert found["r2"]["protein.state"] == "running"


def test_a_first_page_without_our_keys_is_not_believed_at_once(
    wandb_store: WandbStore, emulator: Emulator
) -> None:
    emulator.seed([a_run(f"r{number}", summary={"loss": 1}) for number in range(30)])
    emulator.reset_counts()
    page = wandb_store.fetch_runs(SWEEP)
    assert [run.summary for run in page.runs] == [{}] * 30
    assert emulator.counts.requests == 2  # the page, and a few runs whole


def test_a_page_that_shows_our_keys_is_believed(
    wandb_store: WandbStore, emulator: Emulator
) -> None:
    emulator.seed([a_run("r1", summary=FLAT), a_run("r2", summary={"loss": 1})])
    emulator.reset_counts()
    wandb_store.fetch_runs(SWEEP)
    wandb_store.fetch_runs(SWEEP)
    assert emulator.counts.requests == 2


# -- the size of a page


@pytest.fixture
def big_store(door: GraphQLApi, emulator: Emulator) -> WandbStore:
    emulator.seed(runs_in_order(101))
    emulator.reset_counts()
    return WandbStore(door, Policy(), 100)


def all_names() -> list[str]:
    return [f"r{number:03}" for number in range(101)]


def test_pages_that_the_server_finds_too_large_are_halved(
    big_store: WandbStore, emulator: Emulator
) -> None:
    emulator.configure(max_page=30, max_page_action="error")
    found = [names(page.runs) for page in pages(big_store, SWEEP)]
    assert [len(page) for page in found] == [25, 25, 25, 25, 1]
    assert [*chain(*found)] == all_names()
    assert reads(emulator) == 2 + 5


def test_answers_that_are_too_large_halve_the_page(
    big_store: WandbStore, emulator: Emulator
) -> None:
    emulator.configure(max_answer_bytes=20_000)
    found = [names(page.runs) for page in pages(big_store, SWEEP)]
    assert 25 <= len(found[0]) <= 50
    assert [*chain(*found)] == all_names()


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "status", "status": 504},
        {"action": "status", "status": 502},
        {"action": "hang"},
        {"action": "errors", "messages": ["context deadline exceeded"]},
    ],
    ids=["504", "502", "hang", "an error that names a time limit"],
)
def test_pages_that_take_the_server_too_long_are_halved(
    big_store: WandbStore, emulator: Emulator, fault: dict[str, Any]
) -> None:
    sends = 1 if fault["action"] == "errors" else 2  # wandb-core's own retry
    emulator.faults.add(match=READS, times=sends, **fault)
    found = [names(page.runs) for page in pages(big_store, SWEEP)]
    assert [len(page) for page in found] == [50, 50, 1]
    assert [*chain(*found)] == all_names()


def test_a_server_that_cuts_pages_short_is_read_to_its_end(
    big_store: WandbStore, emulator: Emulator
) -> None:
    emulator.configure(max_page=40, max_page_action="cut")
    found = [names(page.runs) for page in pages(big_store, SWEEP)]
    assert [*chain(*found)] == all_names()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"action": "status", "status": 400}, RejectedError),
        ({"action": "status", "status": 403}, PermissionDeniedError),
        ({"action": "status", "status": 429}, TransientError),
        ({"action": "garbage"}, TransientError),
        ({"action": "errors", "messages": ["the database is on fire"]}, TransientError),
    ],
    ids=["400", "403", "429", "garbage", "another error"],
)
def test_pages_that_fail_for_another_reason_are_not_halved(
    big_store: WandbStore,
    emulator: Emulator,
    fault: dict[str, Any],
    error: type[Exception],
) -> None:
    emulator.faults.add(match=READS, **fault)
    with pytest.raises(error):
        big_store.fetch_runs(SWEEP)
    assert reads(emulator) <= 2
    emulator.faults.clear()
    assert len(big_store.fetch_runs(SWEEP).runs) == 100


def test_the_smallest_page_that_still_fails_is_an_error(
    big_store: WandbStore, emulator: Emulator
) -> None:
    emulator.configure(max_answer_bytes=500)
    with pytest.raises(TooLargeError):
        big_store.fetch_runs(SWEEP)
    assert reads(emulator) == 3  # 100, 50, 25


# -- whole runs in batches


def test_fifty_runs_are_read_in_one_request(wandb_store: WandbStore, emulator: Emulator) -> None:
    emulator.seed([a_run("r", count=120)])
    emulator.reset_counts()
    wandb_store.fetch_summaries([f"acme/rl/r-{number}" for number in range(120)])
    assert [len(request.runs) for request in emulator.requests] == [50, 50, 20]


def test_a_batch_that_fails_is_split_down_to_the_run_at_fault(
    wandb_store: WandbStore, emulator: Emulator
) -> None:
    emulator.seed([a_run("r", count=50)])
    emulator.faults.add(action="errors", messages=["unknown type"], match={"run": "r-17"})
    found = wandb_store.fetch_summaries([f"acme/rl/r-{number}" for number in range(50)])
    failed = [path for path, run in found.items() if isinstance(run, RejectedError)]
    assert failed == ["acme/rl/r-17"]
    assert len(found) == 50


def test_a_batch_that_is_too_large_is_split_and_the_next_are_smaller(
    wandb_store: WandbStore, emulator: Emulator
) -> None:
    emulator.configure(max_answer_bytes=30_000)
    emulator.seed([a_run("r", count=50, summary={"big": "x" * 2000})])
    paths = [f"acme/rl/r-{number}" for number in range(50)]
    found = wandb_store.fetch_summaries(paths)
    assert all(run.summary == {"big": "x" * 2000} for run in found.values())  # type: ignore[union-attr]  # an error has no summary and fails the test
    emulator.reset_counts()
    wandb_store.fetch_summaries(paths)
    assert {request.status for request in emulator.requests} == {200}


def test_a_batch_of_big_summaries_makes_the_next_smaller(
    wandb_store: WandbStore, emulator: Emulator
) -> None:
    emulator.seed([a_run("r", count=100, summary={"big": "x" * 400_000})])
    paths = [f"acme/rl/r-{number}" for number in range(100)]
    emulator.reset_counts()
    found = wandb_store.fetch_summaries(paths)
    assert len(found) == 100
    sizes = [len(request.runs) for request in emulator.requests]
    assert sizes[0] == 50
    assert max(sizes[1:]) <= 20


def test_a_batch_is_not_split_where_one_run_would_fail_as_well(
    wandb_store: WandbStore, emulator: Emulator
) -> None:
    emulator.seed([a_run("r", count=50)])
    emulator.faults.add(action="status", status=403, match={"field": "project.run"})
    emulator.reset_counts()
    with pytest.raises(PermissionDeniedError):
        read(wandb_store, "acme/rl/r-1")
    assert emulator.counts.requests == 1


def test_a_group_is_paged_as_a_sweep_is(door: GraphQLApi, emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "group": "g1", "count": 60}])
    found = [len(page.runs) for page in pages(WandbStore(door, Policy(), 25), GROUP)]
    assert found == [25, 25, 10]
