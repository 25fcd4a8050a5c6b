"""``janitor exec``: real commands that know nothing of the janitor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from janitor.emulator import Emulator
from janitor.lifecycle.exec_command import describe, exit_code, is_online, new_run_id
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
        ("run.finish(); sys.exit(143)", 143, "crashed", "the command was ended by SIGTERM"),
        (
            "sys.exit(124)",
            124,
            "timeout",
            "the command ended with exit code 124, which means a timeout",
        ),
        ("run.finish(exit_code=1)", 0, "failure", "the run finished with exit code 1"),
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


def test_the_run_is_found_by_what_the_command_leaves(emulator: Emulator, tmp_path: Path) -> None:
    environment = emulator.environment(tmp_path)
    code = UNTOUCHED + "print('WANDB_RUN_ID' in os.environ, run.id)"
    process = start(code, environment, tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    is_set, run_id = out.split()
    assert is_set == "False"
    assert protein(emulator, run_id)["state"] == "success"


@pytest.mark.parametrize("option", [["--id"], ["--id", "chosen"], ["--id=chosen"]])
def test_an_id_can_be_set_for_a_command_that_makes_one_run(
    option: list[str], emulator: Emulator, tmp_path: Path
) -> None:
    environment = emulator.environment(tmp_path) | {"WANDB_ENTITY": "acme"}
    command = [*JANITOR[:4], *option, *JANITOR[4:]]
    process = start(UNTOUCHED + "print(run.id)", environment, tmp_path, *command)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert protein(emulator, out.strip())["state"] == "success"
    assert out.strip() == "chosen" or option == ["--id"]


SEVERAL = """
import os, sys, wandb
for seed in (1, 2, 3):
    run = wandb.init(entity="acme", project="rl", name=f"seed{seed}", dir=os.environ["WHERE"])
    print(run.id, flush=True)
    run.log({"seed": seed})
    if seed == 2:
        run.finish(exit_code=1)
    if seed < 3:
        run.finish()
"""


@pytest.mark.parametrize(
    ("end", "state"),
    [("", "success"), ("raise ValueError('x')", "failure"), ("os.kill(os.getpid(), 9)", "crashed")],
)
def test_each_of_several_runs_gets_its_own_state(
    end: str, state: str, emulator: Emulator, tmp_path: Path
) -> None:
    environment = emulator.environment(tmp_path) | {"WHERE": str(tmp_path)}
    process = start(SEVERAL + end, environment, tmp_path)
    out, err = process.communicate(timeout=90)
    states = [protein(emulator, run).get("state") for run in out.split()]
    assert states == ["success", "failure", state], err


def test_a_run_elsewhere_is_found_while_it_is_open(emulator: Emulator, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = emulator.environment(tmp_path)
    del environment["WANDB_DIR"]
    code = f"""
import sys, time, wandb
run = wandb.init(entity="acme", project="rl", dir={str(elsewhere)!r})
print(run.id, flush=True)
time.sleep(2)  # a training of a second or more
"""
    process = start(code, environment, tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert protein(emulator, out.strip())["state"] == "success"


def test_another_commands_run_in_the_same_folder_is_left_alone(
    emulator: Emulator, tmp_path: Path
) -> None:
    environment = emulator.environment(tmp_path)
    theirs = start(
        UNTOUCHED + "print(run.id, flush=True)\ntime.sleep(60)",
        environment,
        tmp_path,
        sys.executable,
        "-c",
    )
    waiting = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"
    ours = start(waiting, environment, tmp_path)
    assert theirs.stdout is not None
    run_id = theirs.stdout.readline().strip()
    (tmp_path / "go").touch()
    _, err = ours.communicate(timeout=60)
    assert ours.returncode == 0
    assert "no W&B run of the command was found" in err
    assert protein(emulator, run_id) == {}
    theirs.kill()
    theirs.communicate(timeout=60)


def test_a_run_that_goes_on_in_the_background_is_left_alone(
    emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(
        UNTOUCHED + "open('run-id', 'w').write(run.id)\ntime.sleep(60)"
    )
    command = """
import os, subprocess, sys, time
null = subprocess.DEVNULL
child = subprocess.Popen([sys.executable, "train.py"], stdout=null, stderr=null)
while not os.path.exists("run-id") or not open("run-id").read(): time.sleep(0.05)
print(child.pid)
"""
    process = start(command, emulator.environment(tmp_path), tmp_path)
    out, err = process.communicate(timeout=60)
    os.kill(int(out), signal.SIGKILL)
    run_id = (tmp_path / "run-id").read_text()
    assert f"run {run_id} is still running, so its state was not recorded" in err
    assert protein(emulator, run_id) == {}


def test_a_killed_run_is_found_in_another_entity_of_the_user(
    emulator: Emulator, tmp_path: Path
) -> None:
    # wandb-core had no time to write down where the run is kept.
    environment = emulator.environment(tmp_path) | {"WANDB_ENTITY": "acme"}
    code = "import os, wandb\nown = wandb.Api().viewer.username\n"
    code += "run = wandb.init(entity=own, project='elsewhere')\n"
    code += "print(own, run.id, flush=True)\nos.kill(os.getpid(), 11)"
    process = start(code, environment, tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 139
    entity, run_id = out.split()
    summary = emulator.run(f"{entity}/elsewhere/{run_id}").summary
    assert summary.get("protein.state") == "crashed", err


def test_an_older_run_with_the_same_id_is_not_taken_for_the_commands(
    emulator: Emulator, tmp_path: Path
) -> None:
    old = {"created_at": "-3d", "heartbeat_at": "-3d", "summary": {"protein.state": "running"}}
    emulator.seed([{"project": "acme/rl", "name": "base"} | old])
    environment = emulator.environment(tmp_path) | {"WANDB_ENTITY": "acme", "WANDB_RUN_ID": "base"}
    process = start("pass", environment, tmp_path)
    _, err = process.communicate(timeout=60)
    assert "W&B has no run base of this command in the projects of acme" in err
    assert protein(emulator, "base") == {"state": "running"}


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
    assert err == "janitor: no W&B run of the command was found, so no state was recorded\n"


def test_a_command_without_a_run_does_not_wait_for_wandb(tmp_path: Path) -> None:
    environment = training_environment(tmp_path, "online") | {"PYTHONPROFILEIMPORTTIME": "1"}
    process = start("pass", environment, tmp_path)
    _, err = process.communicate(timeout=60)
    imported = {line.rpartition("|")[2].strip() for line in err.splitlines() if "|" in line}
    assert "janitor.lifecycle.exec_command" in imported
    assert "wandb" not in imported


def test_a_project_can_be_named(emulator: Emulator, tmp_path: Path) -> None:
    environment = emulator.environment(tmp_path) | {"WANDB_RUN_ID": "r9"}
    command = [*JANITOR[:4], "--project", "acme/rl", *JANITOR[4:]]
    process = start("pass", environment, tmp_path, *command)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "W&B has no run acme/rl/r9: did the command start it?" in err


def test_offline_nothing_is_recorded_or_reported(tmp_path: Path) -> None:
    process = start(UNTOUCHED + "sys.exit(4)", training_environment(tmp_path, "offline"), tmp_path)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (4, "")


def test_a_command_that_does_not_exist(tmp_path: Path) -> None:
    command = [*JANITOR[:5], "no-such-command"]
    process = start("", training_environment(tmp_path, "offline"), tmp_path, *command)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 127
    assert err == "janitor: cannot run no-such-command: No such file or directory\n"


def test_words_for_return_codes() -> None:
    assert describe(-6) == "the command was ended by SIGABRT"
    assert describe(-200) == "the command was ended by signal 200"
    assert (exit_code(-9), exit_code(3)) == (137, 3)
    assert len(new_run_id()) == 8
    assert [is_online({"WANDB_MODE": mode}) for mode in ("online", "offline")] == [True, False]
