"""Bad input: one sentence on stderr, the exit code, no traceback, nothing written, within 15 s."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor, Runs, at_a_terminal

SWEEP = ("fix", "--sweep", "acme/rl/s1")


@pytest.fixture(autouse=True)
def _nothing_is_written(emulator: Emulator, janitor: Janitor) -> Iterator[None]:
    emulator.seed(Runs().done("done").seeds)
    yield
    assert emulator.counts.mutations == 0
    written = {name for name in janitor.files() if not name.startswith("given")}
    assert written == set()


def refused(janitor: Janitor, *words: str, code: int = 2, **changes: str | None) -> str:
    return janitor.ends(code, *words, **changes).complaint()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--sweep", "acme"], "sweep 'acme' has too few parts: write ENTITY/PROJECT/SWEEP"),
        (["--project", "acme/rl/s1"], "project 'acme/rl/s1'"),
        (["--group", "rl/night"], "group 'rl/night'"),
        ([], "nothing to scan: name a target such as ENTITY/PROJECT"),
        (["--sweep", "acme/rl/s1", "--settle", "-5m"], "--settle must not be negative"),
        (["--sweep", "acme/rl/s1", "--disable-rule", "heartbeat-expird"], "did you mean"),
        (
            ["--sweep", "acme/rl/s1", "--report", "report.docx"],
            "unknown report format '.docx'",
        ),
        (["--sweep", "acme/rl/s1", "--report", "no/such/r.json"], "no/such"),
        (["--sweep", "acme/rl/s1", "--config", "given-none.yaml"], "given-none.yaml"),
    ],
)
def test_invalid_arguments_are_reported_before_anything_is_asked(
    words: list[str], sentence: str, emulator: Emulator, janitor: Janitor
) -> None:
    assert sentence in refused(janitor, "fix", *words)
    assert emulator.counts.requests == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("heartbeat_timout: 30m", "did you mean 'heartbeat_timeout'?"),
        ("rules: {disable: [nonsense]}", "nonsense"),
        ("settle: -5m", "settle must not be negative"),
        ("targets: [", "given.yaml"),
    ],
)
def test_an_invalid_settings_file_is_reported(
    text: str, sentence: str, emulator: Emulator, janitor: Janitor
) -> None:
    (janitor.folder / "given.yaml").write_text(text)
    told = refused(janitor, *SWEEP, "--config", "given.yaml")
    assert sentence in told
    assert "given.yaml" in told
    assert emulator.counts.requests == 0


@pytest.mark.parametrize(
    ("words", "thing"),
    [
        (["--sweep", "acme/rl/s9"], "sweep s9 does not exist in project acme/rl"),
        (["--sweep", "acme/chess/s1"], "project acme/chess does not exist"),
        (["--project", "acme/chess"], "project acme/chess does not exist"),
        (["--group", "acme/rl/day/2"], "no run of project acme/rl is in a group day/2"),
    ],
)
def test_what_does_not_exist_is_named(words: list[str], thing: str, janitor: Janitor) -> None:
    assert thing in refused(janitor, "fix", *words)


def test_a_key_that_the_server_refuses_is_reported(emulator: Emulator, janitor: Janitor) -> None:
    emulator.configure(users={"k" * 40: "ann"})
    told = refused(janitor, *SWEEP)
    assert "refuses the credentials (HTTP 401): check WANDB_API_KEY" in told
    assert emulator.url in told


def test_a_key_that_is_malformed_is_reported_and_not_shown(janitor: Janitor) -> None:
    key = "not-a-key-of-anyone"
    assert "are malformed" in refused(janitor, *SWEEP, WANDB_API_KEY=key)
    assert key not in janitor.ends(2, *SWEEP, "-vv", WANDB_API_KEY=key).err


def test_a_server_that_denies_reading_is_reported(emulator: Emulator, janitor: Janitor) -> None:
    emulator.configure(permissions={"*": {"acme": "none"}})
    told = refused(janitor, *SWEEP)
    assert "denies permission (HTTP 403)" in told
    assert "acme/rl/s1" in told


def test_without_credentials_it_says_so(janitor: Janitor) -> None:
    told = refused(janitor, *SWEEP, WANDB_API_KEY=None)
    assert "no credentials for W&B" in told
    assert "set WANDB_API_KEY or run `wandb login --host" in told


def test_without_credentials_it_prompts_nobody_at_a_terminal_either(janitor: Janitor) -> None:
    ended = at_a_terminal(janitor, *SWEEP, WANDB_API_KEY=None)
    assert ended.code == 2
    assert " ".join(ended.out.split()).startswith("janitor: no credentials for W&B")


def test_a_server_that_refuses_connections_is_reported(janitor: Janitor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = refused(janitor, *SWEEP, code=1, WANDB_BASE_URL=f"http://127.0.0.1:{port}")
    assert f"W&B at http://127.0.0.1:{port} cannot be reached" in told
    assert "check WANDB_BASE_URL and the network" in told


def test_a_server_that_never_answers_is_reported_in_time(janitor: Janitor) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ended = janitor.ends(1, *SWEEP, WANDB_BASE_URL=url)
        silent.settimeout(0)
        asked = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                asked += 1
    assert f"W&B at {url} cannot be reached: no answer within" in ended.complaint()
    assert 1 <= asked <= 4  # it does not go on asking a server that never answers


def test_an_invalid_address_is_reported(janitor: Janitor) -> None:
    told = refused(janitor, *SWEEP, WANDB_BASE_URL="nonsense")
    assert "wandb's setting base_url (WANDB_BASE_URL" in told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"schema": "janitor.plan/99"}', "is of schema 'janitor.plan/99'"),
        ('{"runs": []}', "has no schema"),
        ("[]", "not a JSON object"),
        ("{", "invalid JSON"),
    ],
)
def test_a_plan_of_another_version_or_none_is_reported(
    text: str, sentence: str, emulator: Emulator, janitor: Janitor
) -> None:
    (janitor.folder / "given.json").write_text(text)
    told = refused(janitor, "apply", "given.json")
    assert sentence in told
    assert "given.json" in told
    assert emulator.counts.requests == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["apply", "given-none.json"], "given-none.json"),
        (["undo", "given-none.jsonl"], "given-none.jsonl"),
        (["explain", "acme"], "'acme' is not a run path: write it as ENTITY/PROJECT/RUN"),
        (["plan", "--sweep", "acme/rl/s1", "--out", "no/such/plan.json"], "no/such"),
    ],
)
def test_files_and_runs_that_are_not_there_are_named(
    words: list[str], sentence: str, emulator: Emulator, janitor: Janitor
) -> None:
    ended = janitor.run(*words)
    assert ended.code in {1, 2}
    assert sentence in ended.complaint()
    assert emulator.counts.requests == 0


def test_explain_names_a_run_that_does_not_exist(janitor: Janitor) -> None:
    assert "run r9 does not exist in project acme/rl" in refused(janitor, "explain", "acme/rl/r9")


def test_a_report_where_nobody_may_write_is_reported_before_the_pass(
    emulator: Emulator, janitor: Janitor, tmp_path: Path
) -> None:
    target = tmp_path / "folder.json"
    target.mkdir()
    assert "folder.json" in refused(janitor, *SWEEP, "--report", str(target))
    assert emulator.counts.requests == 0


def test_errors_as_json_lines_are_one_line_too(janitor: Janitor) -> None:
    ended = janitor.ends(2, *SWEEP, "--settle", "soon", "--log-format", "json")
    assert "--settle must be a duration" in ended.err
    assert ended.err.count("\n") == 1
    if ended.err.startswith("{"):
        json.loads(ended.err)
