"""Several janitors that share the sweeps of a project, as processes; one of them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from janitor.model.shards import Shard
from janitor.records.json_text import load_report
from janitor.report.merge import merge
from janitor.report.shards import missing
from tests.end_to_end.janitor_process import Janitor, janitor_of

SWEEPS = [f"s{number}" for number in range(12)]
RUNS = 3
"""In each sweep."""
SHARDS = 3


def seed(emulator: Emulator) -> None:
    emulator.seed(
        {
            "project": "acme/rl",
            "sweep": sweep,
            "name": f"{sweep}-{number}",
            "state": "finished",
            "created_at": "-5h",
            "heartbeat_at": "-2h",
            "summary": {"protein.state": "running", "protein.objective": 0.5},
        }
        for sweep in SWEEPS
        for number in range(RUNS)
    )


@pytest.fixture
def shards(emulator: Emulator, tmp_path: Path) -> list[Janitor]:
    """A command line for each shard, with folders of its own."""
    seed(emulator)
    return [janitor_of(emulator, tmp_path / str(index)) for index in range(1, SHARDS + 1)]


def command(index: int) -> list[str]:
    return ["fix", "--project", "acme/rl", f"--shard={index}/{SHARDS}", "--report=report.json"]


def start(janitor: Janitor, index: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "janitor", *command(index)],
        env=janitor.environment,
        cwd=janitor.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def states(emulator: Emulator) -> dict[str, str]:
    return {path: emulator.run(path).summary["protein.state"] for path in emulator.run_paths()}


def test_one_shard_is_killed_the_others_do_their_part_and_the_next_pass_does_the_rest(
    emulator: Emulator, shards: list[Janitor]
) -> None:
    victim = Shard(2, SHARDS)
    theirs = [sweep for sweep in SWEEPS if victim.owns(f"acme/rl/{sweep}")]
    assert 0 < len(theirs) < len(SWEEPS)
    held = {"field": "upsertBucket", "run": f"acme/rl/{theirs[0]}-0"}
    emulator.faults.add(action="hold", match=held)
    processes = [start(janitor, index) for index, janitor in enumerate(shards, start=1)]
    wait_for_hold(emulator)
    os.kill(processes[1].pid, signal.SIGKILL)
    assert [process.wait(60) for process in processes] == [0, -signal.SIGKILL, 0]
    emulator.faults.clear()

    others = {
        f"acme/rl/{sweep}-{n}" for sweep in SWEEPS if sweep not in theirs for n in range(RUNS)
    }
    done = {path for path, state in states(emulator).items() if state == "success"}
    assert others <= done
    there = [load_report(shards[index].folder / "report.json") for index in (0, 2)]
    assert missing(merge(there)) == (2,)
    assert merge(there).totals.written == len(others)

    assert start(shards[1], 2).wait(60) == 0
    assert set(states(emulator).values()) == {"success"}
    merged = merge([load_report(janitor.folder / "report.json") for janitor in shards])
    assert missing(merged) == ()
    assert sorted(each.target for each in merged.targets) == sorted(
        f"acme/rl/{sweep}" for sweep in SWEEPS
    )
    assert merged.totals.runs == len(SWEEPS) * RUNS
    assert all(times == 1 for path, times in emulator.counts.edits.items() if path in others)


def test_all_shards_together_ask_for_runs_no_more_often_than_one_pass(
    emulator: Emulator, shards: list[Janitor]
) -> None:
    shards[0].ends(0, "plan", "--project", "acme/rl")
    alone = emulator.counts.fields["project.runs"]
    emulator.reset_counts()
    for index, janitor in enumerate(shards, start=1):
        janitor.ends(0, *command(index))
    assert alone == len(SWEEPS)
    assert emulator.counts.fields["project.runs"] == alone
    assert set(emulator.counts.edits.values()) == {1}
    assert len(emulator.counts.edits) == len(SWEEPS) * RUNS


def test_a_shard_without_sweeps_has_nothing_to_complain_of(
    emulator: Emulator, janitor: Janitor
) -> None:
    seed(emulator)
    owner = next(k for k in range(1, 5) if Shard(k, 4).owns("acme/rl/s0"))
    empty = owner % 4 + 1
    ended = janitor.ends(0, "fix", "--sweep", "acme/rl/s0", "--shard", f"{empty}/4")
    assert f"note: This is only shard {empty} of 4: 0 sweeps and groups" in ended.out
    nowhere = next(n for n in range(99) if Shard(empty, 4).owns(f"acme/rl/x{n}"))
    words = ["--sweep", "acme/rl/s0", "--sweep", f"acme/rl/x{nowhere}"]
    janitor.ends(1, "fix", *words, "--shard", f"{empty}/4")


def wait_for_hold(emulator: Emulator) -> None:
    until = time.monotonic() + 60
    while not emulator.faults.waiting:
        assert time.monotonic() < until, "nothing was held"
        time.sleep(0.02)
