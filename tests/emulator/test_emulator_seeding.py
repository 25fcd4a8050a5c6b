"""Seeds: from data, from files, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from janitor.errors import EmulatorError
from tests.emulator.emulator_clients import ask

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.emulator import Emulator

YAML = """
defaults: {project: acme/rl, sweep: s1, created_at: -3h}
sweeps:
  - {project: acme/rl, name: s1, state: PAUSED, config: {method: random}}
runs:
  - name: r1
    state: running
    heartbeat_at: -2h
    summary: {protein.state: running, loss: .inf}
    config: {lr: 0.1}
    tags: [a]
    history_line_count: 12
    files: {note.txt: hello}
  - name: odd
    summary_text: "[1, 2]"
    created_at: 2026-11-20T10:00:00Z
    heartbeat_at: null
"""
TIMES = '{ project(name: "rl", entityName: "acme") { run(name: "r") { createdAt heartbeatAt } } }'


def test_a_yaml_file(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text(YAML)
    assert emulator.seed(file) == 2
    run, odd = emulator.run("acme/rl/r1"), emulator.run("acme/rl/odd")
    assert emulator.now() - run.created_at - timedelta(hours=3) < timedelta(minutes=1)
    assert run.heartbeat_at is not None
    assert (run.state, run.sweep, run.tags) == ("running", "s1", ["a"])
    assert run.summary == {"protein.state": "running", "loss": float("inf")}
    assert (run.config, run.history_line_count) == ({"lr": 0.1}, 12)
    assert run.files == {"note.txt": "hello"}
    assert odd.created_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (odd.heartbeat_at, odd.summary) == (None, [1, 2])
    assert emulator.sweep("acme/rl/s1").state == "PAUSED"


def test_a_json_file(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    file.write_text('[{"project": "acme/rl", "name": "r1", "summary": {"loss": -Infinity}}]')
    assert emulator.seed(file) == 1
    assert emulator.run("acme/rl/r1").summary == {"loss": float("-inf")}


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T00:00:00",
        "2026-11-20T00:00:00Z",
        "2026-11-20T00:00:00.123456",
        "2026-11-20T01:00:00+01:00",
        "yesterday",
    ],
)
def test_a_time_is_answered_as_it_was_written(emulator: Emulator, text: str) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "created_at": text, "heartbeat_at": text}])
    run = ask(emulator, TIMES)["project"]["run"]
    assert (run["createdAt"], run["heartbeatAt"]) == (text, text)


def test_a_run_that_is_seeded_again_is_replaced(emulator: Emulator) -> None:
    for state in ("running", "failed"):
        emulator.seed([{"project": "acme/rl", "name": "r", "state": state, "sweep": "s1"}])
    assert emulator.run_paths() == ["acme/rl/r"]
    assert emulator.run("acme/rl/r").state == "failed"
    assert emulator.sweep("acme/rl/s1").runs == ["r"]


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ([{"name": "r"}], "project"),
        ([{"project": "rl", "name": "r"}], "has no entity"),
        ([{"project": "acme/rl", "colour": "red"}], "colour"),
        ({"run": []}, "run"),
        (3, "malformed"),
    ],
)
def test_a_malformed_seed_is_refused(emulator: Emulator, seed: Any, words: str) -> None:
    with pytest.raises(EmulatorError, match=words):
        emulator.call("POST", "/emulator/seed", seed)
    assert emulator.run_paths() == []


@pytest.mark.parametrize("content", ["{", "runs: [", None])
def test_a_file_that_cannot_be_read_is_reported(
    emulator: Emulator, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / ("seed.json" if content == "{" else "seed.yaml")
    if content is not None:
        file.write_text(content)
    with pytest.raises(EmulatorError, match=str(file)):
        emulator.seed(file)


def test_twenty_thousand_runs_are_seeded_at_once(emulator: Emulator) -> None:
    summary = json.dumps({"protein.state": "running"})
    runs = {"project": "acme/rl", "name": "r", "count": 20_000, "summary_text": summary}
    assert emulator.seed([runs]) == 20_000
    assert len(emulator.run_paths()) == 20_000
