"""Promise 8, where the janitor itself is stopped between its read and its write."""

from __future__ import annotations

import signal

import psutil
import pytest

from janitor.emulator import Emulator
from janitor.runtime.clock import boottime
from tests.promises.service import House, Runs, path_of, wait_until

FRESH = {"field": "project.run"}
STOPPED = 1.5
"""Seconds for which the janitor stands still: more than it may trust a read."""


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "silent"])
def test_a_janitor_stopped_on_its_read_writes_no_stale_verdict(
    house: House, emulator: Emulator, *, ended: bool
) -> None:
    names = [f"r{number}" for number in range(12)]
    runs = Runs()
    for name in names:
        (runs.done if ended else runs.silent)(name)
    house.seed(runs)
    emulator.faults.add(action="hold", match=FRESH)
    begun = house.begin_fix("--no-stand-down", JANITOR_MAX_READ_AGE="1s", JANITOR_TIMEOUT="60s")
    house.wait_for_held()
    begun.signal(signal.SIGSTOP)
    janitor = psutil.Process(begun.process.pid)
    wait_until(lambda: janitor.status() == psutil.STATUS_STOPPED)
    emulator.faults.clear()  # what it read is on its way now
    wait_until(lambda: emulator.faults.waiting == 0)
    for name in names:
        emulator.change(path_of(name), log={"protein.state": "running", "loss": 0.1})
    until = boottime() + STOPPED
    wait_until(lambda: boottime() > until)
    begun.signal(signal.SIGCONT)
    done = begun.end()
    # On a slow machine each fresh read may be too old; then the run fails, and is not written.
    assert set(done.outcomes.values()) <= {"superseded", "failed"}
    assert emulator.counts.edits == {}
    assert house.states(*names) == ["running"] * 12
