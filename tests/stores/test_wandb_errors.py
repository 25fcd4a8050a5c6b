"""What WandbStore makes of a server's failures, and how often it sends what fails."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.emulator import DEFAULT_KEY, Emulator
from janitor.errors import (
    CredentialsError,
    NotFoundError,
    PermissionDeniedError,
    RejectedError,
    StoreError,
    TooLargeError,
    TransientError,
)
from janitor.model import RunInfo
from janitor.stores.wandb import WandbStore
from tests.stores.backends import SWEEP, a_run, read

PATH = "acme/rl/r1"
WRITE = {"field": "upsertBucket"}
READ = {"field": "project"}


def status(code: int, **more: Any) -> dict[str, Any]:
    return {"action": "status", "status": code, **more}


def errors(message: str) -> dict[str, Any]:
    return {"action": "errors", "messages": [message]}


FINAL = [
    (status(400), RejectedError),
    (status(400, body="the answer exceeds the maximum"), TooLargeError),
    (status(401), CredentialsError),
    (status(403), PermissionDeniedError),
    (status(404), NotFoundError),
    (status(409), RejectedError),
    (status(413), TooLargeError),
    (status(422), RejectedError),
    (errors("permission denied for entity acme"), PermissionDeniedError),
    (errors("run not found"), NotFoundError),
    (errors("page size is too large"), TooLargeError),
    (errors('Cannot query field "heartbeatAt" on type "Run"'), RejectedError),
]
"""Failures that stay: no use in sending the same again."""

PASSING = [
    status(408),
    status(425),
    status(429),
    status(500),
    status(502),
    status(503),
    status(504),
    errors("internal error"),
    errors("the server is busy: context deadline exceeded"),
    {"action": "garbage"},
    {"action": "garbage", "body": ""},
    {"action": "reset"},
]
"""Failures that may pass; whether a write was applied before them is not known."""
HANG = {"action": "hang"}
LOST = [status(503), {"action": "garbage"}, {"action": "reset"}]
"""Failures after which a write may have been applied, of which one kind each is enough."""


def told(fault: dict[str, Any]) -> str:
    return "-".join(str(part) for key, part in fault.items() if key != "match")


@pytest.fixture
def run(wandb_store: WandbStore, emulator: Emulator) -> RunInfo:
    emulator.seed([a_run("r1", summary={"protein.state": "running"})])
    found = read(wandb_store, PATH)
    emulator.reset_counts()
    return found


def check_sentence(error: StoreError, emulator: Emulator) -> None:
    text = str(error)
    assert emulator.url in text
    assert DEFAULT_KEY not in text
    assert "\n" not in text
    assert len(text) < 500


@pytest.mark.parametrize(("fault", "kind"), FINAL, ids=[told(fault) for fault, _ in FINAL])
def test_a_write_that_is_refused_is_sent_once(
    wandb_store: WandbStore,
    emulator: Emulator,
    run: RunInfo,
    fault: dict[str, Any],
    kind: type[StoreError],
) -> None:
    emulator.faults.add(match=WRITE, **fault)
    with pytest.raises(StoreError) as caught:
        wandb_store.update_run_summary(run, {"protein.state": "timeout"})
    assert type(caught.value) is kind
    check_sentence(caught.value, emulator)
    assert emulator.counts.upserts[PATH] == 1
    assert emulator.run(PATH).summary == {"protein.state": "running"}


@pytest.mark.parametrize(
    ("fault", "applied"),
    [*((fault, False) for fault in PASSING), *((fault, True) for fault in LOST), (HANG, True)],
    ids=str,
)
def test_a_write_that_fails_for_the_moment_is_sent_once(
    wandb_store: WandbStore,
    emulator: Emulator,
    run: RunInfo,
    fault: dict[str, Any],
    applied: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    emulator.faults.add(match=WRITE, applied=applied, **fault)
    with pytest.raises(TransientError) as caught:
        wandb_store.update_run_summary(run, {"protein.state": "timeout"})
    check_sentence(caught.value, emulator)
    assert emulator.counts.upserts[PATH] == 1
    expected = "timeout" if applied else "running"
    assert emulator.run(PATH).summary == {"protein.state": expected}


@pytest.mark.parametrize("fault", [*PASSING, HANG], ids=told)
def test_a_read_that_fails_for_the_moment_says_so(
    wandb_store: WandbStore, emulator: Emulator, run: RunInfo, fault: dict[str, Any]
) -> None:
    emulator.faults.add(match=READ, **fault)
    found = wandb_store.fetch_summaries([run.path])[run.path]
    assert isinstance(found, TransientError)
    check_sentence(found, emulator)
    assert emulator.counts.requests <= 2
    emulator.faults.clear()
    assert read(wandb_store, PATH).summary == {"protein.state": "running"}


@pytest.mark.parametrize("code", [429, 503])
def test_a_write_that_is_put_off_is_not_sent_again(
    wandb_store: WandbStore, emulator: Emulator, run: RunInfo, code: int
) -> None:
    emulator.faults.add(match=WRITE, times=1, **status(code, retry_after=1))
    with pytest.raises(TransientError) as caught:
        wandb_store.update_run_summary(run, {"protein.state": "stale"})
    assert caught.value.retry_after == 1
    put_off = emulator.requests[0].at
    emulator.faults.add(action="delay", seconds=0.5, match=READ)
    while (emulator.now() - put_off).total_seconds() < 2.5:  # what is asked passes the time
        read(wandb_store, PATH)
    assert emulator.counts.upserts[PATH] == 1
    assert emulator.run(PATH).summary == {"protein.state": "running"}


def test_an_answer_without_a_part_of_it_is_not_an_empty_answer(
    wandb_store: WandbStore, emulator: Emulator, run: RunInfo
) -> None:
    odd = '{"data": null}'
    emulator.faults.add(action="status", status=200, body=odd, match=READ)
    with pytest.raises(StoreError):
        wandb_store.fetch_runs(SWEEP)
    assert isinstance(wandb_store.fetch_summaries([run.path])[run.path], StoreError)


@pytest.mark.parametrize(
    "body",
    [
        '{"data": {}}',
        '{"data": {"project": {}}}',
        '{"data": {"project": {"runs": null, "runCount": 1}}}',
        '{"data": {"project": {"runs": {"edges": [{"node": {"id": 1}}]}}}}',
        '{"data": [1]}',
        "[]",
        "{}",
        "null",
    ],
)
def test_an_answer_of_another_shape_is_an_error_of_the_store(
    wandb_store: WandbStore, emulator: Emulator, run: RunInfo, body: str
) -> None:
    emulator.faults.add(action="status", status=200, body=body, match=READ)
    with pytest.raises(StoreError):
        wandb_store.fetch_runs(SWEEP)
    with pytest.raises(StoreError):
        wandb_store.fetch_sweep_metadata(SWEEP)
    assert isinstance(wandb_store.fetch_summaries([run.path])[run.path], StoreError)


@pytest.mark.parametrize("access", ["none", "read"])
def test_a_login_without_rights_is_denied(
    wandb_store: WandbStore, emulator: Emulator, run: RunInfo, access: str
) -> None:
    emulator.configure(permissions={"*": {"acme": access}})
    with pytest.raises((PermissionDeniedError, NotFoundError)):
        wandb_store.update_run_summary(run, {})
    if access == "none":
        with pytest.raises((PermissionDeniedError, NotFoundError)):
            wandb_store.fetch_sweep_metadata(SWEEP)
    assert emulator.run(PATH).summary == {"protein.state": "running"}
