"""``janitor exec``: real commands that know nothing of the janitor."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from janitor.emulator import Emulator
from janitor.lifecycle.exec_command import describe, exit_code, is_online, with_run_id
from tests.lifecycle.lifecycle_runs import training_environment

UNTOUCHED = """
import os, sys, time, wandb
run = wandb.init(entity="acme", project="rl")
run.log({"loss": 1})
"""
JANITOR = [sys.executable, "-m", "janitor", "exec", "--", sys.executable, "-c"]


def start(
    code: str, environment: dict[str, str], folder: Path, *command: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*(command or JANITOR), code],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def protein(emulator: Emulator, run: str) -> dict[str, Any]:
    summary = emulator.run(f"acme/rl/{run}").summary
    return {k.removeprefix("protein."): v for k, v in summary.items() if k.startswith("protein.")}


@pytest.mark.parametrize(
    ("end", "code", "state", "error"),
    [
        ("", 0, "success", None),
        ("sys.exit(3)", 3, "failure", "the command ended with exit code 3"),
        ("os.kill(os.getpid(), 9)", 137, "crashed", "the command was ended by SIGKILL"),
        ("os._exit(0)", 0, "success", None),
        ("raise KeyboardInterrupt", 130, "cancelled", "the command was ended by SIGINT"),
    ],
)
def test_the_commands_end_is_written_into_its_run(
    end: str, code: int, state: str, error: str | None, emulator: Emulator, tmp_path: Path
) -> None:
    environment = emulator.environment(tmp_path) | {"WANDB_RUN_ID": "r1", "WANDB_ENTITY": "acme"}
    process = start(UNTOUCHED + end, environment, tmp_path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    written = protein(emulator, "r1")
    assert (written["state"], written.get("error")) == (state, error)


def test_a_missing_run_id_is_set(emulator: Emulator, tmp_path: Path) -> None:
    environment = emulator.environment(tmp_path)
    process = start(UNTOUCHED + "print(os.environ['WANDB_RUN_ID'])", environment, tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert protein(emulator, out.split()[-1])["state"] == "success"


def test_a_state_that_the_command_wrote_stays(emulator: Emulator, tmp_path: Path) -> None:
    environment = emulator.environment(tmp_path) | {"WANDB_RUN_ID": "r1", "WANDB_ENTITY": "acme"}
    own = "run.summary.update({'protein.state': 'timeout'}); run.finish(); sys.exit(1)"
    start(UNTOUCHED + own, environment, tmp_path).communicate(timeout=60)
    assert protein(emulator, "r1") == {"state": "timeout"}


def test_signals_are_passed_on(emulator: Emulator, tmp_path: Path) -> None:
    environment = emulator.environment(tmp_path) | {"WANDB_RUN_ID": "r1", "WANDB_ENTITY": "acme"}
    wait = "print('ready', flush=True)\nwhile True: time.sleep(0.05)"
    process = start(UNTOUCHED + wait, environment, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert protein(emulator, "r1")["state"] == "crashed"


def test_a_command_without_a_run_says_so(emulator: Emulator, tmp_path: Path) -> None:
    process = start("print('hello')", emulator.environment(tmp_path), tmp_path)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "hello\n")
    assert "left no trace, here or in" in err
    assert "name its place with --project ENTITY/PROJECT" in err
    assert "Traceback" not in err


def test_a_project_can_be_named(emulator: Emulator, tmp_path: Path) -> None:
    environment = emulator.environment(tmp_path) | {"WANDB_RUN_ID": "r9"}
    command = [*JANITOR[:4], "--project", "acme/rl", *JANITOR[4:]]
    process = start("pass", environment, tmp_path, *command)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "there is no run acme/rl/r9: did the command start one?" in err


def test_offline_there_is_nobody_to_tell(tmp_path: Path) -> None:
    process = start(UNTOUCHED + "sys.exit(4)", training_environment(tmp_path, "offline"), tmp_path)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (4, "")


def test_a_command_that_does_not_exist(tmp_path: Path) -> None:
    command = [*JANITOR[:5], "no-such-command"]
    process = start("", training_environment(tmp_path, "offline"), tmp_path, *command)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 127
    assert err == "no-such-command cannot be run: No such file or directory\n"


def test_words_for_return_codes() -> None:
    assert describe(-6) == "the command was ended by SIGABRT"
    assert describe(-200) == "the command was ended by signal 200"
    assert (exit_code(-9), exit_code(3)) == (137, 3)
    assert with_run_id({"WANDB_RUN_ID": "mine"}) == {"WANDB_RUN_ID": "mine"}
    assert len(with_run_id({})["WANDB_RUN_ID"]) == 8
    assert [is_online({"WANDB_MODE": mode}) for mode in ("online", "offline")] == [True, False]
