"""The whole life of a run: a real process, the real SDK, a real end, and what the summary says.

``python -m tests.lifecycle.test_life_of_a_run`` prints the table of docs/training.md.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from janitor.emulator import Emulator
from tests.lifecycle.lifecycle_runs import start_training
from tests.support.waiting import wait_until

INIT = "wandb_run = wandb.init()\n"
BLOCK = INIT + "with RobustSweepStateManager(wandb_run) as manager:\n"
BARE = INIT + "manager = RobustSweepStateManager(wandb_run)\nmanager.set_state('running')\n"
OFFER = "print('ready', flush=True)\n"
WAIT = "while True: time.sleep(0.05)\n"
"""Short sleeps: a signal that comes right before a long one is not handled until its end."""
SIGTERM_ERROR = "SIGTERM: the process was terminated"


@dataclass(frozen=True)
class End:
    """One way for a training process to end."""

    name: str
    code: str
    state: str
    """What the summary says then."""
    error: str = ""
    sends: signal.Signals | None = None
    """What the process is sent once it has said "ready"."""
    after: str = ""
    """What it says after the janitor, an hour later; empty where that is the same."""


def block(*lines: str) -> str:
    return BLOCK + "".join(f"    {line}\n" for line in lines)


BLOCKED = block(OFFER.strip(), WAIT.strip())
ENDS = [
    End("return", block("pass"), "success"),
    End("exception", block("raise ValueError('no data')"), "failure", "ValueError: no data"),
    End("TimeoutError", block("raise TimeoutError('slow')"), "timeout", "TimeoutError: slow"),
    End(
        "Ctrl-C",
        BLOCKED,
        "cancelled",
        "KeyboardInterrupt",
        sends=signal.SIGINT,
    ),
    End(
        "SIGTERM",
        BLOCKED,
        "crashed",
        SIGTERM_ERROR,
        sends=signal.SIGTERM,
    ),
    End("exit 0", block("sys.exit(0)"), "success"),
    End("exit 1", block("sys.exit(1)"), "failure", "SystemExit: 1"),
    End(
        "out of memory, by a limit",
        block(
            "import resource",
            "resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))",
            "bytearray(2**31)",
        ),
        "failure",
        "MemoryError",
    ),
    End(
        "exception, no block",
        BARE + "raise ValueError('no data')",
        "failure",
        "ValueError: no data",
    ),
    End("Ctrl-C, no block", BARE + OFFER + WAIT, "cancelled", "KeyboardInterrupt", signal.SIGINT),
    End(
        "SIGTERM, no block",
        BARE + OFFER + WAIT,
        "crashed",
        SIGTERM_ERROR,
        signal.SIGTERM,
    ),
    End("exit 1, no block", BARE + "sys.exit(1)", "failure", "SystemExit: 1"),
    End(
        "return with an objective, no block",
        BARE + "wandb_run.summary['protein.objective'] = 1.5",
        "success",
    ),
    End("return without an objective, no block", BARE, "running", after="timeout"),
    End(
        "exception in `with wandb.init()`",
        "with wandb.init() as wandb_run:\n"
        "    RobustSweepStateManager(wandb_run).set_state('running')\n"
        "    raise ValueError('no data')",
        "failure",
        "ValueError: no data",
    ),
    End(
        "exception after `finish()`",
        BARE + "wandb_run.finish()\nraise ValueError('no data')",
        "failure",
        "ValueError: no data",
    ),
    End(
        "success after `finish()`",
        BARE + "wandb_run.finish()\nmanager.set_state('success', score=0.5)",
        "success",
    ),
    End("SIGKILL", BLOCKED, "running", sends=signal.SIGKILL, after="crashed"),
    End("os._exit", block(OFFER.strip(), "input()", "os._exit(3)"), "running", after="crashed"),
    End("hang", BLOCKED, "running"),
]
"""A hang stays "running" as long as its SDK reports to W&B: from outside it looks alive."""


@dataclass(frozen=True)
class Life:
    """What the summary says of one run."""

    end: End
    before: dict[str, Any]
    after: dict[str, Any]


def live_them_all(folder: Path) -> list[Life]:
    """Let every process run to its end, then let an hour pass, and the janitor come."""
    with Emulator() as emulator, ExitStack() as survivors, ThreadPoolExecutor(3) as pool:
        numbers = range(len(ENDS))
        before = list(pool.map(lambda number: _live(number, emulator, folder, survivors), numbers))
        emulator.advance(3600)
        emulator.change(_path(_number("hang")), heartbeat=True)
        subprocess.run(
            [sys.executable, "-m", "janitor", "fix", "--group", "acme/rl/lives", "--force"],
            env=emulator.environment(folder),
            cwd=folder,
            check=True,
            capture_output=True,
        )
        after = [_protein(emulator, number) for number in numbers]
    return [Life(*life) for life in zip(ENDS, before, after, strict=True)]


def _live(number: int, emulator: Emulator, parent: Path, survivors: ExitStack) -> dict[str, Any]:
    end, folder = ENDS[number], parent / str(number)
    folder.mkdir()
    process = start_training(
        folder,
        end.code,
        emulator,
        WANDB_ENTITY="acme",
        WANDB_PROJECT="rl",
        WANDB_RUN_ID=f"r{number}",
        WANDB_RUN_GROUP="lives",
        WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL="1",  # seconds; 15 by default
    )
    survivors.callback(process.communicate, timeout=60)
    survivors.callback(process.kill)
    if OFFER.strip() in end.code:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if end.state == "running":
            _wait_until_it_is_known(emulator, number)
    if end.sends is not None:
        process.send_signal(end.sends)
    if end.name == "hang":
        return _protein(emulator, number)
    process.communicate("\n", timeout=60)
    if end.sends in (signal.SIGTERM, signal.SIGKILL):
        assert process.returncode == -end.sends
    return _protein(emulator, number)


def _wait_until_it_is_known(emulator: Emulator, number: int) -> None:
    """Wait for the SDK to have told the server of the state; it does so every few seconds."""
    wait_until(lambda: "state" in _protein(emulator, number))


def _number(name: str) -> int:
    return next(number for number, end in enumerate(ENDS) if end.name == name)


def _path(number: int) -> str:
    return f"acme/rl/r{number}"


def _protein(emulator: Emulator, number: int) -> dict[str, Any]:
    summary = emulator.run(_path(number)).summary
    return {k.removeprefix("protein."): v for k, v in summary.items() if k.startswith("protein.")}


def test_every_way_to_die_leaves_a_state_and_the_janitor_mends_the_rest(tmp_path: Path) -> None:
    lives = live_them_all(tmp_path)
    assert [(life.end.name, life.before["state"], life.after["state"]) for life in lives] == [
        (end.name, end.state, end.after or end.state) for end in ENDS
    ]
    for life in lives:
        end, protein = life.end, life.before
        assert protein.get("error", "").startswith(end.error), end.name
        assert bool(protein.get("error")) == bool(end.error), end.name
        assert ("failure_time" in protein) == (end.state not in ("success", "running")), end.name
        assert ("completion_time" in protein) == (end.state == "success"), end.name
        if end.state == life.after["state"]:
            assert life.after.get("error") == protein.get("error"), end.name
        else:
            assert life.after["janitor.previous_state"] == "running"


def table(lives: list[Life]) -> str:
    """The table of docs/training.md, in Markdown."""
    rows = ["| how the process ends | its run says | an hour later, after the janitor |"]
    rows.append("|---|---|---|")
    for life in lives:
        error = life.before.get("error")
        said = life.before["state"] + (f": `{error}`" if error else "")
        rows.append(f"| {life.end.name} | {said} | {life.after['state']} |")
    return "\n".join(rows)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.stdout.write(table(live_them_all(Path(place))) + "\n")
