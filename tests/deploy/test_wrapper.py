"""janitor-pass: what it adds to a pass that nobody watches."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from tests.deploy.tools import BIN, CRON, run
from tests.support.waiting import wait_until

WRAPPER = CRON / "janitor-pass"


class Machine:
    """A folder in which the wrapper keeps what it keeps."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment | {
            "STATE_DIRECTORY": str(folder / "state"),
            "LOGS_DIRECTORY": str(folder / "logs"),
        }

    def makes_a_pass(self, *options: str, code: int = 0, **changes: str) -> str:
        """What the wrapper prints; it must end with this code."""
        environment = self.environment | changes
        done = run([WRAPPER, *options], code=code, environment=environment, folder=self.folder)
        return done.stdout + done.stderr

    def program(self, script: str) -> Machine:
        """Put this in the janitor's place."""
        path = self.folder / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        self.environment["PROGRAM"] = str(path)
        return self

    def log(self) -> str:
        """All of the log."""
        return (self.folder / "logs/janitor.log").read_text()

    def reports(self) -> list[Path]:
        """The reports, oldest first."""
        return sorted((self.folder / "state/reports").iterdir())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, {"PATH": os.environ["PATH"]})


@pytest.fixture
def real(emulator: Emulator, tmp_path: Path) -> Machine:
    """With the janitor itself, whose server is the emulator."""
    environment = emulator.environment(tmp_path)
    environment["PATH"] = f"{BIN}:{environment['PATH']}"
    return Machine(tmp_path, environment)


def done_run(name: str = "r1") -> dict[str, object]:
    return {
        "project": "acme/rl",
        "sweep": "s1",
        "name": name,
        "state": "finished",
        "created_at": "-5h",
        "heartbeat_at": "-2h",
        "summary": {"protein.state": "running", "protein.objective": 0.5},
    }


def test_a_pass_leaves_a_log_a_report_and_a_journal_and_says_nothing(
    emulator: Emulator, real: Machine
) -> None:
    emulator.seed([done_run()])
    assert real.makes_a_pass("--sweep", "acme/rl/s1") == ""
    assert emulator.run("acme/rl/r1").summary["protein.state"] == "success"
    assert "1 of 1 run was repaired" in real.log()
    (report,) = real.reports()
    assert json.loads(report.read_text())["totals"]["written"] == 1
    assert len(list((real.folder / "state/journals").glob("*.jsonl"))) == 1
    assert [oct(path.stat().st_mode & 0o077) for path in (report, real.folder / "state")] == [
        "0o0",
        "0o0",
    ]


def test_the_brake_has_its_own_code(emulator: Emulator, real: Machine) -> None:
    emulator.seed([done_run()])
    said = real.makes_a_pass("--sweep", "acme/rl/s1", "--max-changes", "0", code=3)
    assert "1 changes are 1 more than max_changes (0) allows" in said
    assert emulator.counts.mutations == 0


@pytest.mark.parametrize("code", [0, 2, 4, 130, 143])
def test_these_codes_are_kept_in_silence(machine: Machine, code: int) -> None:
    machine.program(f"echo a word; exit {code}")
    assert machine.makes_a_pass(code=code) == ""
    assert "a word\n" in machine.log()
    assert f"exit {code}\n" in machine.log()


@pytest.mark.parametrize("code", [1, 3])
def test_these_codes_are_kept_and_reported(machine: Machine, code: int) -> None:
    machine.program("echo earlier").makes_a_pass()
    said = machine.program(f"echo a word; echo a sigh >&2; exit {code}").makes_a_pass(code=code)
    assert "a word\na sigh\n" in said
    assert "earlier" not in said


def test_the_codes_that_are_reported_can_be_configured(machine: Machine) -> None:
    machine.program("echo a word; exit 2")
    assert "a word" in machine.makes_a_pass(code=2, MAIL_ON="1 2 3")


def test_a_second_pass_leaves_while_the_first_is_under_way(
    emulator: Emulator, real: Machine
) -> None:
    emulator.seed([done_run()])
    emulator.faults.add(action="hold", match={"field": "upsertBucket"})
    first = start(real, "--sweep", "acme/rl/s1")
    wait_until(lambda: emulator.faults.waiting > 0)
    said = real.makes_a_pass("--sweep", "acme/rl/s1", code=1)
    assert "another janitor holds the lock" in said
    emulator.faults.release()
    assert first.wait(30) == 0
    assert emulator.counts.edits == {"acme/rl/r1": 1}


def test_sigterm_reaches_the_janitor_and_its_report_is_complete(
    emulator: Emulator, real: Machine
) -> None:
    emulator.seed([done_run(f"r{number}") for number in range(20)])
    emulator.configure(latency=0.3)
    process = start(real, "--sweep", "acme/rl/s1")
    wait_until(lambda: emulator.counts.edits != {})
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143
    assert time.monotonic() - begun < 10
    (report,) = real.reports()
    told = json.loads(report.read_text())
    assert told["interrupted"] == "SIGTERM"
    assert told["totals"]["written"] == len(emulator.counts.edits)
    assert "exit 143\n" in real.log()


def test_a_pass_that_hangs_is_asked_to_end(machine: Machine) -> None:
    machine.program("trap 'echo told; exit 143' TERM; sleep 60 & wait")
    machine.makes_a_pass(code=143, HARD_LIMIT="0.3s")
    assert "told\n" in machine.log()


def test_the_environment_file_is_read_and_options_are_handed_on(machine: Machine) -> None:
    (machine.folder / "janitor.env").write_text("WANDB_API_KEY=secret\nJANITOR_DEADLINE=3m\n")
    machine.program('echo "$WANDB_API_KEY $JANITOR_DEADLINE $JANITOR_LOCK <$*> <$3>"')
    machine.makes_a_pass("--sweep", "a/b/c d", ENV_FILE=str(machine.folder / "janitor.env"))
    lock = machine.folder / "state/janitor.lock"
    assert f"secret 3m {lock} <fix --sweep a/b/c d> <a/b/c d>\n" in machine.log()


def test_what_must_be_there_is_missed_in_one_sentence(machine: Machine) -> None:
    said = machine.makes_a_pass(code=2, ENV_FILE="/nowhere")
    assert said == "janitor-pass: cannot read ENV_FILE, /nowhere\n"
    said = machine.makes_a_pass(code=2, PROGRAM="no-such-janitor")
    assert said.startswith("janitor-pass: the program no-such-janitor does not exist in ")
    machine.program("exit 0")
    said = machine.makes_a_pass(code=2, STATE_DIRECTORY="/proc/janitor")
    assert said.startswith("janitor-pass: cannot write in /proc/janitor/journals; make it")


def test_old_reports_go_and_a_large_log_is_set_aside(machine: Machine) -> None:
    machine.program("echo a word").makes_a_pass()
    old = machine.folder / "state/reports/old.json"
    old.touch()
    os.utime(old, (0, 0))
    with (machine.folder / "logs/janitor.log").open("a") as log:
        log.truncate(10_000_001)
    machine.makes_a_pass()
    assert machine.reports() == []
    assert (machine.folder / "logs/janitor.log.1").stat().st_size == 10_000_001
    assert len(machine.log()) < 1000


def start(machine: Machine, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [WRAPPER, *options],
        env=machine.environment,
        cwd=machine.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
