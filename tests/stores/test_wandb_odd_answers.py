"""What WandbStore makes of answers that W&B's schema allows and nobody expects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from janitor.emulator import Emulator
from janitor.errors import NotFoundError, StoreError, TransientError
from janitor.model import Target, TargetKind
from janitor.stores.wandb import WandbStore
from tests.stores.backends import SWEEP, a_run, names

NODE = {
    "id": "x",
    "name": "r1",
    "displayName": None,
    "state": None,
    "sweepName": "s1",
    "group": None,
    "tags": None,
    "createdAt": None,
    "heartbeatAt": None,
    "historyLineCount": None,
    "summaryMetrics": '{"protein.state": "running"}',
}
"""A run with nothing that may be missing."""
LAST = {"endCursor": None, "hasNextPage": False}


def answer(emulator: Emulator, field: str, **project: Any) -> None:
    body = json.dumps({"data": {"project": project}})
    emulator.faults.add(action="status", status=200, body=body, match={"field": field})


@pytest.mark.parametrize("hole", [None, {"node": None}], ids=["no edge", "no node"])
def test_a_hole_in_a_page_costs_no_other_run(
    wandb_store: WandbStore, emulator: Emulator, hole: Any
) -> None:
    runs = {"edges": [{"node": NODE}, hole], "pageInfo": LAST}
    answer(emulator, "project.runs", runCount=2, runs=runs)
    page = wandb_store.fetch_runs(SWEEP)
    assert names(page.runs) == ["r1"]
    assert page.run_count == 2


@pytest.mark.parametrize("cursor", ["the same", ""])
def test_sweeps_that_are_returned_endlessly_are_an_error(
    wandb_store: WandbStore, emulator: Emulator, cursor: str
) -> None:
    sweep = {"name": "s1", "displayName": None, "state": "RUNNING"}
    info = {"endCursor": cursor, "hasNextPage": True}
    answer(emulator, "project.sweeps", sweeps={"edges": [{"node": sweep}], "pageInfo": info})
    with pytest.raises(StoreError, match="same page"):
        wandb_store.fetch_sweep_metadata(Target(TargetKind.PROJECT, "acme", "rl"))


@pytest.mark.parametrize("path", ["", "r1", "acme/r1", "acme//r1", "/rl/r1", "acme/rl/"])
def test_what_is_not_the_path_of_a_run_leads_to_none(
    wandb_store: WandbStore, emulator: Emulator, path: str
) -> None:
    emulator.seed([a_run("r1")])
    found = wandb_store.fetch_summaries([path, "acme/rl/r1"])
    assert isinstance(found[path], NotFoundError)
    assert not isinstance(found["acme/rl/r1"], StoreError)


@pytest.mark.parametrize(
    "message", ["Too many requests", "rate limit exceeded", "maximum request rate exceeded"]
)
def test_a_server_that_is_asked_too_often_will_answer_later(
    wandb_store: WandbStore, emulator: Emulator, message: str
) -> None:
    emulator.seed([a_run("r1")])
    emulator.faults.add(action="errors", messages=[message], match={"field": "project.runs"})
    emulator.reset_counts()
    with pytest.raises(TransientError):
        wandb_store.fetch_runs(SWEEP)
    assert emulator.counts.requests == 1


MALFORMED: list[dict[str, Any]] = [
    {"displayName": 7},
    {"name": None},
    {"name": ""},
    {"id": ""},
    {"state": ["running"]},
    {"tags": [1]},
    {"tags": "night"},
    {"historyLineCount": "12"},
    {"historyLineCount": -1},
    {"heartbeatAt": 1_700_000_000},
]


@pytest.mark.parametrize("change", MALFORMED, ids=lambda change: next(iter(change)))
def test_a_malformed_run_fails_its_sweep_with_a_sentence(
    wandb_store: WandbStore, emulator: Emulator, change: dict[str, Any]
) -> None:
    runs = {"edges": [{"node": NODE | change}], "pageInfo": LAST}
    answer(emulator, "project.runs", runCount=1, runs=runs)
    with pytest.raises(StoreError, match=f"malformed answer.*{next(iter(change))}"):
        wandb_store.fetch_runs(SWEEP)


@pytest.mark.parametrize("count", ["3", 1.5, True, {}, -1])
def test_a_malformed_count_of_runs_fails_its_sweep_with_a_sentence(
    wandb_store: WandbStore, emulator: Emulator, count: Any
) -> None:
    runs = {"edges": [{"node": NODE}], "pageInfo": LAST}
    answer(emulator, "project.runs", runCount=count, runs=runs)
    with pytest.raises(StoreError, match=r"malformed answer.*number of runs"):
        wandb_store.fetch_runs(SWEEP)


@pytest.mark.parametrize("change", [{"displayName": 7}, {"state": {}}, {"name": None}], ids=str)
def test_a_malformed_sweep_fails_its_target_with_a_sentence(
    wandb_store: WandbStore, emulator: Emulator, change: dict[str, Any]
) -> None:
    sweep = {"name": "s1", "displayName": None, "state": "RUNNING"}
    answer(emulator, "project.sweep", sweep=sweep | change)
    with pytest.raises(StoreError, match="malformed answer"):
        wandb_store.fetch_sweep_metadata(SWEEP)
