"""What real ``wandb.init`` processes leave behind, and what ``wandb.Api`` reads after a pass."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor
from tests.support.waiting import wait_until

NAMES = ("finishes", "finishes-nested", "exits", "killed", "hangs", "trains")
READ_WITH_WANDB = """
import json, wandb
runs = {run.id: run for run in wandb.Api().runs("acme/rl")}
print(json.dumps({name: dict(run.summary) for name, run in runs.items()}, default=dict))
"""


def test_a_pass_repairs_what_real_processes_left_and_leaves_the_living_alone(
    emulator: Emulator, janitor: Janitor, tmp_path: Path
) -> None:
    with trainings(emulator, tmp_path) as processes:
        bring_to_their_ends(emulator, processes)

        dry = janitor.fix("--dry-run")
        assert emulator.counts.edits == {}
        assert "Nothing was written (dry run). 4 of 6 runs need a change" in dry.out

        janitor.fix("--report", "report.json")
        assert set(emulator.counts.edits) == {"acme/rl/" + name for name in states_expected()}
        assert changes(janitor) == states_expected()

        summaries = read_with_wandb(emulator, tmp_path / "reader")
        assert {name: state(summary) for name, summary in summaries.items()} == {
            "hangs": "running",
            "trains": "running",
            **{name: to for name, (to, _) in states_expected().items()},
        }
        assert all(summary["größe"] == float("inf") for summary in summaries.values())
        assert summaries["finishes"]["protein.janitor.rule"] == "objective-recorded"
        assert summaries["finishes-nested"]["protein"]["objective"] == 0.25
        assert "protein.state" not in summaries["finishes-nested"]

        emulator.reset_counts()
        second = janitor.fix()
        assert emulator.counts.edits == {}
        held = [line for line in second.out.splitlines() if line.startswith("held: ")]
        assert all("alive" in line for line in held)
        assert all(f"acme/rl/{name}" in "".join(held) for name in ("hangs", "trains"))


def states_expected() -> dict[str, tuple[str, str]]:
    return {
        "finishes": ("success", "objective-recorded"),
        "finishes-nested": ("success", "objective-recorded"),
        "exits": ("failure", "wandb-failed"),
        "killed": ("crashed", "wandb-crashed"),
    }


def changes(janitor: Janitor) -> dict[str, tuple[str, str]]:
    report = json.loads((janitor.folder / "report.json").read_text())
    return {
        change["run"].rpartition("/")[2]: (change["to"], change["rule"])
        for change in report["changes"]
        if change["outcome"] == "written"
    }


def state(summary: dict[str, Any]) -> str:
    found: str = summary.get("protein.state") or summary["protein"]["state"]
    return found


@contextmanager
def trainings(emulator: Emulator, folder: Path) -> Iterator[dict[str, int]]:
    """Start them all; the process of each by its name."""
    driver = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("trainings.py")), *NAMES],
        env=emulator.environment(folder / "trainings"),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert driver.stdout is not None
        yield json.loads(driver.stdout.readline())
    finally:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.communicate()


def bring_to_their_ends(emulator: Emulator, processes: dict[str, int]) -> None:
    def has_logged(name: str) -> bool:
        path = f"acme/rl/{name}"
        there = path in emulator.run_paths()
        return there and {"loss", "protein.state"} <= set(emulator.run(path).summary or ())

    def has_ended(name: str) -> bool:
        path = f"acme/rl/{name}"
        there = path in emulator.run_paths()
        return there and emulator.run(path).state in {"finished", "failed"}

    wait_until(lambda: all(has_logged(name) for name in ("killed", "hangs", "trains")))
    os.kill(processes["killed"], signal.SIGKILL)
    wait_until(lambda: all(has_ended(name) for name in ("finishes", "finishes-nested", "exits")))
    hour_ago = emulator.now().timestamp() - 3600
    for name in ("killed", "exits"):
        emulator.change(f"acme/rl/{name}", created_at="-2h", heartbeat_at="-1h")
    emulator.change("acme/rl/exits", summary_update={"_timestamp": hour_ago})
    killed = emulator.change("acme/rl/killed", summary_update={"_timestamp": hour_ago})
    assert killed.state == "crashed"


def read_with_wandb(emulator: Emulator, folder: Path) -> dict[str, dict[str, Any]]:
    read = subprocess.run(
        [sys.executable, "-c", READ_WITH_WANDB],
        env=emulator.environment(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: dict[str, dict[str, Any]] = json.loads(read.stdout)
    return found
