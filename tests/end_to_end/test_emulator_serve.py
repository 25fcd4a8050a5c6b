"""``janitor emulator serve``, as a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from janitor.emulator.handle import Handle
from tests.end_to_end.janitor_process import Janitor, Runs


@contextmanager
def serving(
    janitor: Janitor, *words: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A server, and the variables that it tells people to set."""
    process = subprocess.Popen(
        [sys.executable, "-m", "janitor", "emulator", "serve", "--port", "0", *words],
        env=janitor.environment,
        cwd=janitor.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready, _, *exports = (process.stdout.readline() for _ in range(4))
        assert ready.startswith("janitor emulator ready at http://127.0.0.1:")
        assert "this machine only" in ready
        told = [line.strip().removeprefix("export ").partition("=") for line in exports]
        yield process, {name: value for name, _, value in told}
    finally:
        process.kill()
        process.communicate()


def test_it_says_how_to_point_the_janitor_at_it(janitor: Janitor) -> None:
    with serving(janitor) as (_, told):
        Handle(told["WANDB_BASE_URL"]).seed(Runs().done("done").seeds)
        there = Janitor(janitor.folder, janitor.environment | told)
        assert "1 of 1 run was repaired" in there.fix().out


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_ends_it_cleanly_and_its_runs_are_kept(
    sent: signal.Signals, code: int, janitor: Janitor
) -> None:
    with serving(janitor, "--state", "runs.db") as (process, told):
        Handle(told["WANDB_BASE_URL"]).seed(Runs().done("done").seeds)
        process.send_signal(sent)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == code
    with serving(janitor, "--state", "runs.db") as (_, told):
        assert Handle(told["WANDB_BASE_URL"]).run_paths() == ["acme/rl/done"]


def test_it_starts_with_a_seed_and_the_settings_asked_for(janitor: Janitor) -> None:
    (janitor.folder / "seed.yaml").write_text(
        "- {project: acme/rl, name: r1, state: running, heartbeat_at: -1h, watched: true}\n"
    )
    with serving(janitor, "--seed", "seed.yaml", "--crash-after", "2h") as (_, told):
        server = Handle(told["WANDB_BASE_URL"])
        assert server.run("acme/rl/r1").state == "running"
        assert server.settings.crash_after == 7200


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seed", "none.yaml"], "none.yaml"),
        (["--seed", "malformed.json"], "the seed is malformed"),
        (["--state", "no-database"], "the state file no-database cannot be opened"),
        (["--state", "no/such/folder/runs.db"], "no/such/folder/runs.db"),
        (["--host", "0.0.0.0"], "--host 0.0.0.0: the emulator accepts every key"),
        (["--crash-after", "soon"], "--crash-after must be a duration"),
        (["--port", "70000"], "'--port'"),
    ],
)
def test_what_it_cannot_start_with_is_reported(
    words: list[str], sentence: str, janitor: Janitor
) -> None:
    (janitor.folder / "malformed.json").write_text('[{"nmae": "r1"}]')
    (janitor.folder / "no-database").write_text("no database")
    told = janitor.ends(2, "emulator", "serve", "--port", "0", *words).complaint()
    assert sentence in told


def test_a_port_that_is_taken_is_reported(janitor: Janitor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = janitor.ends(2, "emulator", "serve", "--port", port).complaint()
    assert f"cannot listen on 127.0.0.1:{port}" in told


@pytest.mark.parametrize("command", [["emulator", "serve"], ["demo"]])
def test_without_the_extra_it_says_how_to_install_it(
    command: list[str], janitor: Janitor, tmp_path: Path
) -> None:
    code = "import sys; sys.modules['ariadne'] = None; from janitor.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        env=janitor.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "pip install 'wandb-janitor[emulator]'" in done.stderr
