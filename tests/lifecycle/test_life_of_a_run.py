"""The whole life of a run: a real process, the real SDK, a real end, and what the summary says.

``python tests/lifecycle/test_life_of_a_run.py`` prints the table for the README.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lifecycle_runs import INIT, start_training

from janitor.emulator import Emulator

PATH = "acme/rl/r1"
BLOCK = INIT + "with RobustSweepStateManager(wandb_run) as manager:\n"
BARE = INIT + "manager = RobustSweepStateManager(wandb_run)\nmanager.set_state('running')\n"
OFFER = "print('ready', flush=True)\n"
WAIT = "while True: time.sleep(0.05)\n"
"""Short sleeps: a signal that comes right before a long one is not handled until its end."""


@dataclass(frozen=True)
class End:
    """One way for a training process to end."""

    name: str
    code: str
    state: str
    error: str | None = None
    sends: signal.Signals | None = None
    """What the process is sent once it has said "ready"."""


def block(*lines: str) -> str:
    return BLOCK + "".join(f"    {line}\n" for line in lines)


ENDS = [
    End("return", block("pass"), "success"),
    End("exception", block("raise ValueError('no data')"), "failure", "ValueError: no data"),
    End("TimeoutError", block("raise TimeoutError('slow')"), "timeout", "TimeoutError: slow"),
    End(
        "Ctrl-C",
        block(OFFER.strip(), WAIT.strip()),
        "cancelled",
        "KeyboardInterrupt",
        sends=signal.SIGINT,
    ),
    End(
        "SIGTERM",
        block(OFFER.strip(), WAIT.strip()),
        "crashed",
        "SIGTERM: the process was terminated",
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
        "SIGTERM: the process was terminated",
        signal.SIGTERM,
    ),
    End("exit 1, no block", BARE + "sys.exit(1)", "failure", "SystemExit: 1"),
    End(
        "return with an objective, no block",
        BARE + "wandb_run.summary['protein.objective'] = 1.5",
        "success",
    ),
    End("return without an objective, no block", BARE, "running"),
    End(
        "exception in `with wandb.init()`",
        "with wandb.init(entity='acme', project='rl', id='r1') as wandb_run:\n"
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
    End("SIGKILL", block(OFFER.strip(), WAIT.strip()), "running", sends=signal.SIGKILL),
    End("os._exit", block("time.sleep(0.1)", "os._exit(3)"), "running"),
    End("hang", block(OFFER.strip(), WAIT.strip()), "running"),
]
LEFT_TO_THE_JANITOR = {"SIGKILL", "os._exit", "hang"}


def live(end: End, emulator: Emulator, folder: Path) -> dict[str, Any]:
    """Run such a process to its end; what the server says under ``protein.`` then."""
    process = start_training(folder, end.code, emulator)
    try:
        if "ready" in end.code:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        if end.sends is not None:
            process.send_signal(end.sends)
        if end.name != "hang":
            process.communicate(timeout=60)
        if end.sends in (signal.SIGTERM, signal.SIGKILL):
            assert process.returncode == -end.sends
        summary = emulator.run(PATH).summary
    finally:
        process.kill()
        process.communicate(timeout=60)
    return {k.removeprefix("protein."): v for k, v in summary.items() if k.startswith("protein.")}


@pytest.mark.parametrize("end", [pytest.param(end, id=end.name) for end in ENDS])
def test_every_way_to_die_leaves_a_state(end: End, emulator: Emulator, tmp_path: Path) -> None:
    protein = live(end, emulator, tmp_path)
    if end.name in LEFT_TO_THE_JANITOR:
        assert protein.get("state") in (None, "running")
        return
    assert protein["state"] == end.state
    assert protein.get("error", "") == (end.error or "") or end.error == "MemoryError"
    assert ("failure_time" in protein) == (end.state not in ("success", "running"))
    assert ("completion_time" in protein) == (end.state == "success")
