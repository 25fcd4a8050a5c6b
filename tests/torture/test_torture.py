"""Whatever breaks: passes and kills, faults and live runs, by the seed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from janitor.emulator import Emulator
from janitor.records.journal import journals, read_journal
from tests.torture.faults import Mischief
from tests.torture.sweep import PROJECT, SWEEP, ScriptedSweep, moment_of

ROUNDS = 5
"""Passes, and kills, for each seed."""
PATIENCE = 60


class Nursery:
    """Starts janitors that need not import anything any more."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.output = folder / "output"
        self.journals = folder / "journals"
        environment = emulator.environment(folder)
        ours = {"OUTPUT": str(self.output), "TMPDIR": str(folder), "JANITOR_TIMEOUT": "1s"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.nursery"],
            env={**environment, **ours},
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, *words: str) -> int:
        """Start a pass; its process id."""
        fix = ["fix", "--sweep", f"{PROJECT}/{SWEEP}", "--journal", str(self.journals)]
        guards = ["--no-stand-down", "--max-silent-percent", "100"]
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([*fix, *guards, *words]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> int:
        """Wait for its end; its exit code."""
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@pytest.fixture
def nursery(one_emulator: Emulator, tmp_path: Path) -> Iterator[Nursery]:
    one_emulator.reset()
    nursery = Nursery(one_emulator, tmp_path)
    yield nursery
    nursery.close()


QUICK = [0, 3]
LONG = [pytest.param(seed, marks=pytest.mark.long) for seed in range(40) if seed not in QUICK]


@pytest.mark.parametrize("seed", [*QUICK, *LONG])
def test_nothing_is_lost_whatever_breaks(
    one_emulator: Emulator, nursery: Nursery, seed: int
) -> None:
    random = Random(seed)
    sweep = ScriptedSweep(one_emulator, random)
    sweep.make(33)
    acts = ["pass", "kill"] * ROUNDS
    random.shuffle(acts)
    for act in acts:
        mischief = Mischief(sweep, random)
        mischief.spread()
        if act == "pass":
            whole_pass(sweep, nursery)
        else:
            killed_pass(sweep, nursery, random)
        mischief.end(killed=act == "kill")
        sweep.check_living()
        sweep.check_kept()
        check_journaled(sweep, nursery)
        sweep.pass_time(random.choice([0, 90, 1200]))
    sweep.end()
    settle(sweep, nursery)


def whole_pass(sweep: ScriptedSweep, nursery: Nursery) -> None:
    """A pass that goes to its end, while processes act."""
    janitor = nursery.begin("--deadline", "5s")
    while is_at_work(janitor):
        sweep.act()
    assert nursery.end() in {0, 1, 2}, nursery.output.read_text()


def killed_pass(sweep: ScriptedSweep, nursery: Nursery, random: Random) -> None:
    """A pass that is killed: at some moment, or right after one of its writes was sent."""
    janitor = nursery.begin("--deadline", "5s")
    end = time.monotonic() + random.uniform(0.2, 1.5)
    writes = sweep.emulator.counts.mutations + random.randint(1, 12)
    by_writes = random.random() < 0.7
    while is_at_work(janitor):
        sweep.act()
        if sweep.emulator.counts.mutations >= writes if by_writes else time.monotonic() > end:
            os.kill(janitor, signal.SIGKILL)
            break
    assert nursery.end() in {0, 1, 2, -signal.SIGKILL}, nursery.output.read_text()


def is_at_work(janitor: int) -> bool:
    """Whether the process is still there; it is reaped by the nursery."""
    try:
        return Path(f"/proc/{janitor}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def check_journaled(sweep: ScriptedSweep, nursery: Nursery) -> None:
    """Every mark at the server, and every run that was written at all, is in some journal."""
    told: set[str] = set()
    moments: set[tuple[str, str]] = set()
    for file in journals(nursery.journals):
        for write in read_journal(file).writes:
            told.add(write.run)
            moments |= {(write.run, str(v)) for k, v in write.after.items() if k.endswith("at")}
    for path in sweep.runs:
        moment = moment_of(sweep.emulator.run(path).summary)
        assert moment is None or (path, moment) in moments, (path, moment)
    assert set(sweep.emulator.counts.edits) <= told


def settle(sweep: ScriptedSweep, nursery: Nursery) -> None:
    """A clean pass sees to what killed ones left, one repairs the rest, and the next is idle."""
    for _ in range(2):
        nursery.begin()
        assert nursery.end() == 0, nursery.output.read_text()
    for run in sweep.runs.values():
        run.awaits_a_pass = False
    sweep.check_kept()
    sweep.check_repaired()
    sweep.emulator.reset_counts()
    nursery.begin()
    assert nursery.end() == 0
    assert sweep.emulator.counts.mutations == 0
    assert "Traceback" not in nursery.output.read_text()
