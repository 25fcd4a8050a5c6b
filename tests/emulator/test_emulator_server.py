"""The server as a whole: state file, child process, command line, control addresses."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from janitor.emulator import Clock, Emulator, EmulatorProcess
from janitor.emulator.app import build_app
from janitor.emulator.clock import parse_duration
from janitor.emulator.emulation import Emulation
from janitor.errors import EmulatorError
from tests.emulator.emulator_clients import ask, post

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

PATH = "acme/rl/r"


def test_a_state_file_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "emulator.sqlite"
    with Emulator(state=state) as first:
        first.seed(
            {
                "defaults": {"project": "acme/rl"},
                "sweeps": [{"project": "acme/rl", "name": "s1", "config": {"method": "grid"}}],
                "runs": [
                    {"name": "r", "sweep": "s1", "summary_text": '{"a":Infinity}', "tags": ["t"]},
                    {"name": "gone", "files": {"x": "y"}},
                ],
            }
        )
        line = {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step": 0}']}}
        url = f"{first.url}/files/{PATH}/file_stream"
        requests.post(url, json={"files": line}, auth=("api", "k" * 40), timeout=9)
        first.change(PATH, upload={"note.txt": "hello"}, display_name="named")
        gone = first.run("acme/rl/gone").id
        ask(
            first,
            "mutation ($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }",
            id=gone,
        )
        before, sweep = first.run(PATH), first.sweep("acme/rl/s1")
    with Emulator(state=state) as second:
        assert second.run_paths() == [PATH]
        assert second.run(PATH) == before
        assert second.sweep("acme/rl/s1") == sweep
        second.seed([{"project": "acme/rl", "name": "later"}])
        assert second.run_paths() == [PATH, "acme/rl/later"]
        second.reset()
    with Emulator(state=state) as third:
        assert third.run_paths() == []
        with pytest.raises(EmulatorError):
            third.sweep("acme/rl/s1")


def test_a_file_that_is_not_a_state_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_text("not a database, but long enough to be taken for one" * 100)
    with pytest.raises(EmulatorError, match="cannot be opened"):
        Emulator(state=file)


def test_a_port_in_use_is_reported(emulator: Emulator) -> None:
    port = int(emulator.url.rpartition(":")[2])
    with pytest.raises(EmulatorError, match=f"cannot listen on 127.0.0.1:{port}"):
        Emulator(port=port)


def test_a_child_process_has_the_same_handle(tmp_path: Path) -> None:
    seed = [{"project": "acme/rl", "name": "r", "state": "running"}]
    with EmulatorProcess(seed=seed, crash_after=7, state=tmp_path / "state") as emulator:
        assert emulator.settings.crash_after == 7
        assert ask(emulator, "{ viewer { id } }")
        assert emulator.counts.queries == 1
        assert emulator.run(PATH).state == "running"
        emulator.reset_counts()
        assert emulator.requests == []
    with pytest.raises(requests.ConnectionError):
        post(emulator, "{ viewer { id } }")


def test_the_command_line_prints_its_address_and_who_can_reach_it(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("[{project: acme/rl, name: r}]")
    words = ["--port", "0", "--host", "0.0.0.0", "--crash-after", "5m", "--seed", str(seed)]
    process = subprocess.Popen(
        [sys.executable, "-m", "janitor.emulator", *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=9)
    assert process.returncode == 0
    assert line.startswith("janitor emulator ready at http://127.0.0.1:")
    assert "OPEN TO THE NETWORK" in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--crash-after", "soon"], "--crash-after must be a duration"),
        (["--seed", "/none.yaml"], "/none.yaml"),
        (["--settings", '{"nope": 1}'], "nope"),
        (["--state", "/none/state"], "/none/state"),
    ],
)
def test_a_bad_option_is_reported_in_one_line(words: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "janitor.emulator", "--port", "0", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_control_requests_are_neither_logged_nor_hit_by_faults(emulator: Emulator) -> None:
    emulator.faults.add(action="status", status=503)
    emulator.seed([{"project": "acme/rl", "name": "r"}])
    assert emulator.requests == []
    assert [rule["seen"] for rule in emulator.faults.list()] == [0]


@pytest.mark.parametrize(
    ("client", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.1", 403)],
)
def test_only_this_machine_may_use_the_control_addresses(client: str, status: int) -> None:
    assert asyncio.run(_status_for(client, "/emulator/counts")) == status


async def _status_for(client: str, path: str) -> int:
    """The status of an answer to a client at some address."""
    answers: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": (client, 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
    }
    await build_app(Emulation())(scope, receive, send)
    status: int = answers[0]["status"]
    return status


def test_a_clock_may_be_given() -> None:
    with Emulator(clock=Clock(source=lambda: 1_000_000.0)) as emulator:
        assert emulator.now() == datetime(1970, 1, 12, 13, 46, 40, tzinfo=UTC)
        emulator.advance(20)
        assert emulator.now() == datetime(1970, 1, 12, 13, 47, tzinfo=UTC)


def test_the_request_log_describes_requests(emulator: Emulator) -> None:
    emulator.seed([{"project": "acme/rl", "name": "r", "sweep": "s1"}])
    query = """
      query Scan($name: String!, $filters: JSONString) {
        project(name: "rl", entityName: "acme") {
          run(name: $name) { id }
          runs(filters: $filters) { edges { node { id } } }
        }
      }
    """
    ask(emulator, query, name="r", filters='{"sweep": "s1"}')
    request = emulator.requests[0]
    assert (request.kind, request.operation, request.status) == ("query", "Scan", 200)
    assert request.fields == ["project", "project.run", "project.runs"]
    assert (request.runs, request.sweeps) == ([PATH], ["s1"])
    assert request.user_agent.startswith("python-requests")
    assert request.bytes_in > 0
    assert request.bytes_out > 0
    counts = emulator.counts
    assert (counts.requests, counts.queries, counts.mutations) == (1, 1, 0)
    assert counts.fields["project.runs"] == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/emulator/runs/acme/rl/none"),
        ("GET", "/emulator/sweeps/acme/rl/none"),
        ("PATCH", "/emulator/runs/acme/rl/none"),
    ],
)
def test_a_missing_thing_is_reported(emulator: Emulator, method: str, path: str) -> None:
    with pytest.raises(EmulatorError, match="none does not exist"):
        emulator.call(method, path, {})


@pytest.mark.parametrize("settings", [{"nope": 1}, {"crash_after": -1}, {"summary_keys": "odd"}])
def test_unknown_settings_are_refused(emulator: Emulator, settings: dict[str, object]) -> None:
    with pytest.raises(EmulatorError, match="refuses PATCH"):
        emulator.configure(**settings)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("20ms", 0.02),
        ("2d", 172800),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "-5m", "five", "5x", "9999d", "5m3x"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_duration(text)
