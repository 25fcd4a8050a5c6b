"""Sweeps with rungs as typed, with real trials that save, end, and are continued or stopped."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.sweep.shell import EXAMPLES, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    for path in (tmp_path / "examples" / "sweeps").glob("*.yaml"):
        path.write_text(path.read_text().replace("[python3,", f"[{sys.executable},"))
    return Shell(tmp_path)


def reports(shell: Shell, sweep: str, run: str) -> list[list[float]]:
    """The steps that each attempt of a run has reported."""
    folder = shell.folder / "examples" / "sweeps" / ".janitor" / "sweeps" / sweep / "runs" / run
    if not folder.exists():
        folder = shell.folder / ".janitor" / "sweeps" / sweep / "runs" / run
    return [
        [json.loads(line)["step"] for line in path.read_text().splitlines()]
        for path in sorted(folder.glob("a*/metrics.jsonl"))
    ]


def test_promoted_trials_go_on_from_their_checkpoints_and_the_others_end(shell: Shell) -> None:
    assert "done" in shell.janitor("sweep", "start", "examples/sweeps/asha.yaml")

    status = shell.status("asha")
    assert status["counts"] == {"COMPLETED": 1, "PRUNED": 8}
    assert status["best"]["params"] == {"lr": 0.01}
    states = Counter(row["state"] for row in status["trials"])
    assert states == {"success": 1, "cancelled": 8}
    assert reports(shell, "asha", status["best"]["run"]) == [[1], [2, 3], [4, 5, 6, 7, 8, 9]]
    best = next(row for row in status["trials"] if row["run"] == status["best"]["run"])
    assert best["attempt"] == 3
    paused = next(row for row in status["trials"] if row["params"] == {"lr": 0.3})
    assert (paused["rung"], paused["objective"]) == (1, None)
    assert "1.34771 at 1" in shell.janitor("sweep", "status", "asha")
    said = shell.janitor("sweep", "explain", "asha", status["best"]["run"])
    assert "it goes on to 9" in said
    shell.janitor("sweep", "verify", "asha")


def test_trials_that_are_not_kept_are_stopped_at_their_rung(shell: Shell) -> None:
    path = shell.folder / "examples" / "sweeps" / "asha.yaml"
    path.write_text(
        path.read_text()
        .replace("max: 9", "mode: stop, max: 27")
        .replace("[0.3, 0.1, 0.05, 0.03, 0.01, ", "[0.01, 0.3, 0.1, 0.05, 0.03, ")
    )
    training = path.with_name("resumable.py")
    training.write_text(training.read_text().replace("sleep(0.05)", "sleep(0.3)"))

    assert "done" in shell.janitor("sweep", "start", "examples/sweeps/asha.yaml", "--every", "0.2s")

    status = shell.status("asha")
    assert status["counts"]["COMPLETED"] >= 1
    assert status["counts"]["PRUNED"] >= 5
    assert status["best"]["params"] == {"lr": 0.01}
    pruned = [row for row in status["trials"] if row["status"] == "PRUNED"]
    assert {row["state"] for row in pruned} == {"cancelled"}
    assert all("is not in the best" in row["reason"] for row in pruned)
    assert all(row["attempt"] == 1 for row in status["trials"])
    shell.janitor("sweep", "verify", "asha")


def with_scheduler(shell: Shell, scheduler: str, values: str) -> None:
    path = shell.folder / "examples" / "sweeps" / "asha.yaml"
    text = path.read_text().replace("{type: asha, max: 9, eta: 3}", scheduler)
    before, after = text.index("[0.3"), text.index("]", text.index("[0.3"))
    path.write_text(text[:before] + values + text[after + 1 :])


def test_brackets_of_hyperband_are_trained_in_rounds(shell: Shell) -> None:
    with_scheduler(shell, "{type: hyperband, max: 4, eta: 4}", "[0.3, 0.1, 0.01, 0.001, 1.0, 0.5]")

    assert "done" in shell.janitor("sweep", "start", "examples/sweeps/asha.yaml")

    status = shell.status("asha")
    assert status["counts"] == {"COMPLETED": 3, "PRUNED": 3}
    assert reports(shell, "asha", "asha-0002") == [[1], [2, 3, 4]]
    assert reports(shell, "asha", "asha-0004") == [[1, 2, 3, 4]]
    shell.janitor("sweep", "verify", "asha")


def test_a_population_goes_on_from_the_checkpoints_of_its_parents(shell: Shell) -> None:
    with_scheduler(
        shell, "{type: pbt, population: 4, interval: 2, max: 4}", "[1.0, 0.1, 0.01, 0.001]"
    )

    assert "done" in shell.janitor("sweep", "start", "examples/sweeps/asha.yaml")

    status = shell.status("asha")
    assert status["state"] == "done"
    assert status["counts"] == {"COMPLETED": 8}
    for index in range(8):
        expected = [[1, 2]] if index < 4 else [[3, 4]]
        assert reports(shell, "asha", f"asha-{index:04d}") == expected
    folder = shell.folder / "examples" / "sweeps"
    saved = [
        json.loads(path.read_text())["loss"]
        for path in sorted(folder.glob(".janitor/sweeps/asha/checkpoints/*/state.json"))
    ] or [
        json.loads(path.read_text())["loss"]
        for path in sorted(shell.folder.glob(".janitor/sweeps/asha/checkpoints/*/state.json"))
    ]
    assert saved[4] < saved[0]
    assert "it copies asha-0002" in shell.janitor("sweep", "explain", "asha", "asha-0004")
    shell.janitor("sweep", "verify", "asha")
