"""The sweep commands as typed, on this machine, with real trials."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time

import pytest

from tests.sweep.shell import EXAMPLES, Shell, slow
from tests.sweep.stepping import wait_for


def test_a_sweep_runs_from_start_to_end_and_can_be_read_afterwards(shell: Shell) -> None:
    assert "done" in shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")

    status = shell.status("grid")
    assert (status["schema"], status["state"]) == ("janitor.sweep.status/1", "done")
    assert status["counts"] == {"COMPLETED": 8}
    assert status["best"]["params"] == {"lr": 0.01, "layers": 3}
    assert {row["state"] for row in status["trials"]} == {"success"}
    assert "8 of 8 trials" in shell.janitor("sweep", "status", "grid")
    assert "grid  done  8/8" in shell.janitor("sweep", "list")
    assert "epoch=5 loss=" in shell.janitor("sweep", "logs", "grid", "grid-0002")
    assert "16 same, 0 different" in shell.janitor("sweep", "verify", "grid")
    assert "complete grid-0003" in shell.janitor("sweep", "explain", "grid", "grid-0003")
    shell.janitor("sweep", "step", "grid", code=5)
    shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")
    assert "8 clean" in shell.janitor("fix", "--store", "file:.janitor", "--dry-run")


def test_an_altered_ledger_is_found_by_verify(shell: Shell) -> None:
    shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")
    ledger = shell.folder / ".janitor" / "sweeps" / "grid" / "ledger"
    path = next(path for path in sorted(ledger.iterdir()) if '"lr": 0.01' in path.read_text())
    path.write_text(path.read_text().replace('"lr": 0.01', '"lr": 0.011', 1))

    said = shell.janitor("sweep", "verify", "grid", code=1)

    assert f"entry {int(path.stem)}: launch grid-0002: params is" in said
    assert f"entry {int(path.stem)}: decisions: it was altered after it was written" in said
    refused = shell.janitor("sweep", "step", "grid", code=1)
    assert f"entry {int(path.stem)} of the ledger of grid" in refused


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("runs/grid-0000/run.json", '"lr": 0.1', '"lr": 0.2', "run grid-0000: params is"),
        ("runs/grid-0000/a1/exit.json", '"objective": ', '"objective": 7', "objective is 7"),
        ("runs/grid-0000/summary.json", 'objective": ', 'objective": 7', "objective is 7"),
        ("ledger/000003.json", '"seconds": ', '"seconds": 7', "entry 3: facts: it was altered"),
        ("ledger/000001.json", "train.py", "other.py", "entry 1: acts: it was altered"),
    ],
)
def test_an_altered_value_of_each_kind_is_named(
    finished: Shell, file: str, old: str, new: str, said: str
) -> None:
    path = finished.folder / ".janitor" / "sweeps" / "grid" / file
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1))

    try:
        assert said in finished.janitor("sweep", "verify", "grid", code=1)
    finally:
        path.write_text(before)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(EXAMPLES, folder / "examples")
    shell = Shell(folder)
    shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")
    return shell


def test_evaluations_report_the_objective(shell: Shell) -> None:
    shell.janitor("sweep", "start", "examples/sweeps/evaluated.yaml")

    status = shell.status("evaluated")
    assert status["best"]["params"]["lr"] == 0.01
    assert [row["kind"] for row in status["trials"]] == ["eval", "eval"]


def test_a_trial_whose_processes_are_killed_is_tried_again(shell: Shell) -> None:
    run = slow(shell)
    shell.janitor("sweep", "step", "slow.yaml")
    wait_for(shell.folder / "pid.1")
    claim = json.loads((run / "a1" / "claim.json").read_text())

    os.killpg(claim["pid"], signal.SIGKILL)
    os.kill(int((shell.folder / "pid.1").read_text()), signal.SIGKILL)
    (shell.folder / "go").touch()
    shell.janitor("sweep", "start", "slow.yaml")

    (row,) = shell.status("slow")["trials"]
    assert (row["status"], row["attempt"]) == ("COMPLETED", 2)
    assert "cause" in shell.janitor("sweep", "explain", "slow", "--json")


def test_a_killed_worker_is_no_second_training_while_its_command_lives(shell: Shell) -> None:
    run = slow(shell)
    shell.janitor("sweep", "step", "slow.yaml")
    wait_for(shell.folder / "pid.1")
    os.kill(json.loads((run / "a1" / "claim.json").read_text())["pid"], signal.SIGKILL)

    for _ in range(2):
        shell.janitor("sweep", "step", "slow")
    assert not (run / "a2").exists()
    assert shell.status("slow")["trials"][0]["status"] == "IN_TRAINING"

    (shell.folder / "go").touch()
    shell.janitor("sweep", "start", "slow.yaml")
    assert shell.status("slow")["trials"][0]["attempt"] == 2


def test_a_killed_loop_is_continued_by_another(shell: Shell) -> None:
    loop = shell.start("start", "examples/sweeps/grid.yaml")
    wait_for(shell.folder / ".janitor" / "sweeps" / "grid" / "runs" / "grid-0002")
    loop.kill()
    loop.wait()

    shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")

    rows = shell.status("grid")["trials"]
    assert [(row["status"], row["attempt"]) for row in rows] == [("COMPLETED", 1)] * 8


def test_ctrl_c_ends_the_loop_and_not_the_jobs(shell: Shell) -> None:
    slow(shell)
    loop = shell.start("start", "slow.yaml")
    wait_for(shell.folder / "pid.1")
    time.sleep(0.5)
    loop.send_signal(signal.SIGINT)

    assert loop.wait(30) == 130
    os.kill(int((shell.folder / "pid.1").read_text()), 0)
    (shell.folder / "go").touch()
    shell.janitor("sweep", "start", "slow.yaml")
    assert shell.status("slow")["trials"][0]["attempt"] == 1


def test_names_and_values_are_shown_as_they_are(shell: Shell) -> None:
    path = shell.folder / "odd.yaml"
    path.write_text(
        'method: grid\ncommand: ["true"]\nmetric: {name: "loss[/x]"}\n'
        'parameters: {x: {values: ["[red]\\e[31m"]}}\n'
    )
    shell.janitor("sweep", "start", "odd.yaml")

    said = shell.janitor("sweep", "status", "odd")

    assert "loss[/x]" in said
    assert "[red]" in said
    assert "\x1b" not in said


def test_an_edited_file_is_a_new_version_and_an_older_one_changes_nothing(shell: Shell) -> None:
    shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")
    path = shell.folder / "examples" / "sweeps" / "grid.yaml"
    older = path.read_text()
    path.write_text(older.replace("[2, 3]", "[2, 3, 4]"))
    shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")

    status = shell.status("grid")
    assert (status["spec_version"], len(status["trials"])) == (2, 12)
    path.write_text(older)
    assert "is version 1 of the sweep" in shell.janitor(
        "sweep", "start", "examples/sweeps/grid.yaml"
    )
    path.write_text(older.replace("name: loss", "name: acc"))
    said = shell.janitor("sweep", "start", "examples/sweeps/grid.yaml", code=2)
    assert "cannot change metric.name" in said


def test_a_file_whose_store_is_edited_does_not_start_the_sweep_again_elsewhere(
    shell: Shell,
) -> None:
    slow(shell)
    shell.janitor("sweep", "step", "slow.yaml")
    path = shell.folder / "slow.yaml"
    path.write_text(path.read_text().replace("{collect:", "{store: file:other, collect:"))

    said = shell.janitor("sweep", "step", "slow.yaml", code=2)

    assert "started the sweep 'slow' in file:" in said
    assert "--store file:" in said
    assert not (shell.folder / "other").exists()
    (shell.folder / "go").touch()
    shell.janitor("sweep", "start", "slow.yaml", "--store", "file:other")
    shell.janitor("sweep", "start", "slow.yaml")  # from now on it is there
    shell.janitor("sweep", "start", "slow.yaml", "--store", "file:third")  # on purpose, once
    shell.janitor("sweep", "start", "slow.yaml")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "gird"], "there is no sweep 'gird' in file:"),
        (["status", "x", "--store", "wandb"], "a sweep on W&B needs a project"),
        (["status", "x", "--store", "s3:x"], "is not a store of sweeps: use file:DIR"),
        (["start", "gone.yaml"], "the sweep file gone.yaml does not exist"),
        (["start", "examples/sweeps/grid.yaml", "--every", "soon"], "--every must be a duration"),
        (["start", "examples/sweeps/grid.yaml", "--every", "0s"], "--every must be longer than 0"),
    ],
)
def test_wrong_input_gets_one_sentence(shell: Shell, words: list[str], said: str) -> None:
    output = shell.janitor("sweep", *words, code=2)

    assert said in output
    assert len(output.strip().splitlines()) == 1


def test_a_sweep_whose_trials_all_fail_is_paused(shell: Shell) -> None:
    path = shell.folder / "examples" / "sweeps" / "grid.yaml"
    path.write_text(path.read_text().replace("train.py", "missing.py"))

    said = shell.janitor("sweep", "start", "examples/sweeps/grid.yaml", code=3)

    assert "trials all failed" in said
    assert shell.status("grid")["state"] == "braked"


def test_wrong_settings_are_told_before_a_sweep_is_created(shell: Shell) -> None:
    (shell.folder / "janitor.yaml").write_text("nonsense: 1\n")

    for command in ("start", "step"):
        said = shell.janitor("sweep", command, "examples/sweeps/grid.yaml", code=2)
        assert "has no setting 'nonsense'" in said
    assert not (shell.folder / ".janitor").exists()


def test_a_store_in_the_home_folder_is_not_a_folder_called_tilde(shell: Shell) -> None:
    shell.janitor("sweep", "step", "examples/sweeps/grid.yaml", "--store", "file:~/store")

    assert (shell.folder / "store" / "sweeps" / "grid").is_dir()


def test_a_report_without_a_change_is_undone_without_a_login(finished: Shell) -> None:
    finished.janitor("fix", "--store", "file:.janitor", "--report", "report.json")

    assert "nothing to restore" in finished.janitor("undo", "report.json")
