"""The filestream, post by post."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import requests

from janitor.emulator import DEFAULT_KEY, Emulator
from tests.emulator.emulator_clients import ask

PATH = "acme/rl/r"


@pytest.fixture(autouse=True)
def _run(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "state": "running", "heartbeat_at": None}])


def send(emulator: Emulator, raw: bytes | None = None, **post: Any) -> requests.Response:
    return requests.post(
        f"{emulator.url}/files/{PATH}/file_stream",
        data=raw if raw is not None else json.dumps(post),
        auth=("api", DEFAULT_KEY),
        headers={"Content-Encoding": "gzip"} if raw and raw[:2] == b"\x1f\x8b" else {},
        timeout=9,
    )


@pytest.mark.parametrize("raw", [b"", b"{}", gzip.compress(b"{}", mtime=0)])
def test_an_empty_post_is_a_heartbeat(emulator: Emulator, raw: bytes) -> None:
    response = send(emulator, raw)
    assert response.json() == {"exitcode": None, "limits": {}, "stopped": False}
    assert emulator.run(PATH).heartbeat_at is not None
    assert emulator.counts.posts[PATH] == 1


def test_lines_are_put_at_their_offset_so_that_a_repeated_post_changes_nothing(
    emulator: Emulator,
) -> None:
    lines = {"offset": 0, "content": ['{"_step": 0, "x": 1}', '{"_step": 1, "x": 2}']}
    for _ in range(2):
        send(emulator, files={"wandb-history.jsonl": lines})
    assert emulator.run(PATH).history_line_count == 2
    send(emulator, files={"wandb-history.jsonl": {"offset": 2, "content": ['{"_step": 2}']}})
    assert emulator.run(PATH).history_line_count == 3


def test_lines_follow_those_that_were_seeded(emulator: Emulator) -> None:
    emulator.change(PATH, history_lines=10)
    send(emulator, files={"wandb-history.jsonl": {"offset": 10, "content": ['{"_step": 10}']}})
    assert emulator.run(PATH).history_line_count == 11


def test_a_summary_is_kept_as_the_text_that_came(emulator: Emulator) -> None:
    text = '{"bound":Infinity,"big":123456789012345678901234567890}'
    send(emulator, files={"wandb-summary.json": {"offset": 0, "content": [text]}})
    assert emulator.run(PATH).summary_text == text


@pytest.mark.parametrize(
    ("before", "post", "state"),
    [
        ({}, {"complete": True, "exitcode": 0}, "finished"),
        ({}, {"complete": True, "exitcode": 1}, "failed"),
        ({}, {"complete": True, "exitcode": 255}, "failed"),
        ({"stopped": True}, {"complete": True, "exitcode": 255}, "killed"),
        ({"stopped": True}, {"complete": True, "exitcode": 0}, "finished"),
        ({}, {"preempting": True}, "preempting"),
        ({"state": "preempting"}, {"complete": True, "exitcode": 1}, "preempted"),
        ({"state": "finished"}, {}, "running"),
        ({"state": "crashed"}, {}, "running"),
    ],
)
def test_what_a_post_makes_of_the_state(
    emulator: Emulator, before: dict[str, Any], post: dict[str, Any], state: str
) -> None:
    emulator.change(PATH, **before)
    send(emulator, **post)
    assert emulator.run(PATH).state == state


def test_a_preempting_run_that_falls_silent_is_preempted(emulator: Emulator) -> None:
    send(emulator, preempting=True)
    emulator.advance(301)
    assert emulator.run(PATH).state == "preempted"


def test_a_seeded_run_is_watched_once_it_posts(emulator: Emulator) -> None:
    emulator.advance(3600)
    assert emulator.run(PATH).state == "running"
    send(emulator)
    emulator.advance(301)
    assert emulator.run(PATH).state == "crashed"


def test_the_answer_informs_a_run_that_it_was_stopped(emulator: Emulator) -> None:
    mutation = "mutation ($id: ID!) { stopRun(input: {id: $id}) { success } }"
    ask(emulator, mutation, id=emulator.run(PATH).id)
    assert send(emulator).json()["stopped"] is True


@pytest.mark.parametrize(
    "raw", [b"no json", b"[]", b'{"files": 1}', b"\x1f\x8bbroken", b'{"complete": "maybe"}']
)
def test_a_post_that_cannot_be_read_is_refused(emulator: Emulator, raw: bytes) -> None:
    assert send(emulator, raw).status_code == 400


def test_a_post_for_an_unknown_run_is_refused(emulator: Emulator) -> None:
    url = f"{emulator.url}/files/acme/rl/none/file_stream"
    assert requests.post(url, auth=("api", DEFAULT_KEY), timeout=9).status_code == 404
