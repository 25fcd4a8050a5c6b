"""Promise 6: a pass that is interrupted ends within 10 s, and tells what it did."""

from __future__ import annotations

import signal

import pytest

from janitor.emulator import Emulator
from tests.promises.service import House, Runs, path_of, wait_until

LIMIT = 10
"""Seconds from the signal to the end."""
SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]


def done_runs(count: int) -> Runs:
    runs = Runs()
    for number in range(count):
        runs.done(f"r{number}")
    return runs


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_hanging_write_is_left_and_reported_and_the_others_are_verified(
    house: House, emulator: Emulator, number: signal.Signals, code: int
) -> None:
    house.seed(done_runs(120))
    emulator.faults.add(action="hang", match={"field": "upsertBucket", "run": path_of("r3")})
    begun = house.begin_fix()
    house.wait_for_held()
    begun.signal(number)
    ended = begun.end()
    assert ended.ended.code == code
    assert ended.ended.seconds < LIMIT
    assert ended.report["interrupted"] == number.name
    change = ended.change("r3")
    assert change["outcome"] == "failed"
    assert "may have been written" in change["error"]
    (journaled,) = ended.writes("r3")
    assert journaled.outcome == "failed"
    assert "may have been written" in str(journaled.error)
    assert ended.journal is not None
    assert ended.journal.ended
    for name, outcome in ended.outcomes.items():
        written = house.state(name) == "success"
        assert outcome == ("failed" if name == "r3" else "written" if written else "planned"), name
    assert ended.totals["planned"] >= 50  # the next batches were not begun
    assert sum(ended.totals.values()) == 2 * 120  # each run once, and the total


def test_a_write_that_is_answered_in_time_is_verified(house: House, emulator: Emulator) -> None:
    house.seed(done_runs(1))
    house.hold_write("r0")
    begun = house.begin_fix()
    house.wait_for_held()
    begun.signal(signal.SIGTERM)
    emulator.faults.add(action="delay", seconds=0.3, match={"field": "project"})
    emulator.faults.release()
    ended = begun.end()
    assert ended.ended.code == 143
    assert ended.outcomes == {"r0": "written"}
    assert ended.writes("r0")[0].outcome == "written"


def test_a_second_signal_ends_at_once(house: House) -> None:
    house.seed(done_runs(1))
    house.hold_write("r0")
    begun = house.begin_fix()
    house.wait_for_held()
    begun.signal(signal.SIGTERM)
    assert begun.process.stderr is not None
    wait_until(lambda: "SIGTERM" in begun.process.stderr.readline())  # type: ignore[union-attr]  # checked above
    begun.signal(signal.SIGTERM)
    ended = begun.end()
    assert ended.ended.code == 143
    assert ended.ended.seconds < 2
    assert ended.writes("r0")[0].outcome is None  # it may have been written


@pytest.mark.parametrize("field", ["project.sweep", "project.runs"])
def test_a_server_that_hangs_during_the_scan_does_not_keep_it(
    house: House, emulator: Emulator, field: str
) -> None:
    house.seed(done_runs(1))
    emulator.faults.add(action="hang", match={"field": field})
    begun = house.begin_fix()
    house.wait_for_held()
    begun.signal(signal.SIGTERM)
    ended = begun.end()
    assert ended.ended.code == 143
    assert ended.ended.seconds < LIMIT
    assert ended.report["interrupted"] == "SIGTERM"
    assert emulator.counts.mutations == 0


def test_a_server_that_hangs_at_the_door_does_not_keep_it(house: House, emulator: Emulator) -> None:
    emulator.faults.add(action="hang", match={"field": "viewer"})
    begun = house.begin_fix()
    house.wait_for_held()
    begun.signal(signal.SIGTERM)
    ended = begun.end()
    assert ended.ended.code == 143
    assert ended.ended.seconds < LIMIT


def test_a_deadline_lists_what_is_left_as_planned(house: House, emulator: Emulator) -> None:
    house.seed(done_runs(120))
    emulator.faults.add(action="delay", seconds=0.8, match={"field": "upsertBucket"})
    ended = house.fix("--deadline", "5s", code=1)
    assert ended.report["interrupted"] == "deadline"
    assert ended.totals["written"] > 0
    assert ended.totals["planned"] > 0
    for name, outcome in ended.outcomes.items():
        assert (house.state(name) == "success") == (outcome == "written"), name
    assert emulator.counts.mutations == ended.totals["written"]


def test_a_deadline_does_not_wait_for_a_write_that_hangs(house: House, emulator: Emulator) -> None:
    house.seed(done_runs(2))
    emulator.faults.add(action="hang", match={"field": "upsertBucket", "run": path_of("r1")})
    begun = house.begin_fix("--deadline", "4s")
    house.wait_for_held()
    ended = begun.end()
    assert ended.ended.code == 1
    assert ended.ended.seconds < 4 + LIMIT
    assert "may have been written" in ended.change("r1")["error"]
