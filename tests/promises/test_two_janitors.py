"""Promise 10: two janitors at once end in the same state as one."""

from __future__ import annotations

from datetime import datetime, timedelta

from janitor.emulator import Emulator
from tests.promises.service import Begun, House, Runs

VOLATILE = ("last_update", "janitor.at")


def mixed(now: datetime) -> Runs:
    """Runs of several kinds, the same whenever they are made."""
    born, heard = (now - timedelta(hours=5)).isoformat(), (now - timedelta(hours=3)).isoformat()
    runs, times = Runs(), {"created_at": born, "heartbeat_at": heard}
    for number in range(30):
        runs.done(f"done{number}", objective=number, **times)
        runs.add(f"failed{number}", state="failed", **times)
        runs.alive(f"alive{number}", created_at=born)
    return runs.add("silent", **times)


def settled(emulator: Emulator) -> dict[str, dict[str, object]]:
    """All summaries, without the moments at which they were written."""
    return {
        path: {
            key: value
            for key, value in emulator.run(path).summary.items()
            if not key.endswith(VOLATILE)
        }
        for path in emulator.run_paths()
    }


def test_two_processes_on_one_sweep_end_as_one_would(house: House, emulator: Emulator) -> None:
    now = emulator.now()
    house.seed(mixed(now))
    house.fix()
    by_one = settled(emulator)
    emulator.reset()
    house.seed(mixed(now))
    emulator.faults.add(action="delay", seconds=0.05, match={"field": "upsertBucket"})
    both = [house.begin_fix(), house.begin_fix()]
    ended = [begun.end() for begun in both]
    assert [one.ended.code for one in ended] == [0, 0]
    by_two = settled(emulator)
    assert by_two.keys() == by_one.keys()
    for path, summary in by_two.items():
        ages = {"protein.janitor.reason", "protein.error"}  # they tell an age, to the minute
        assert {k: v for k, v in summary.items() if k not in ages} == {
            k: v for k, v in by_one[path].items() if k not in ages
        }
        assert summary.keys() == by_one[path].keys()
    for one in ended:
        assert set(one.outcomes.values()) <= {"written", "superseded"}
    assert house.fix().totals == {"runs": 91, "clean": 61, "held": 30}


def held_at_the_lock(house: House) -> Begun:
    """A janitor that holds the lock and waits for the server."""
    house.seed(Runs().done("r1"))
    house.hold_write("r1")
    first = house.begin_fix("--lock", "lock")
    house.wait_for_held()
    return first


def test_a_lock_makes_the_second_leave(house: House, emulator: Emulator) -> None:
    first = held_at_the_lock(house)
    second = house.begin_fix("--lock", "lock").end()
    assert second.ended.code == 1
    assert "another janitor holds the lock" in second.ended.err
    emulator.faults.release()
    assert first.end().ended.code == 0
    assert house.fix("--lock", "lock").totals == {"runs": 1, "clean": 1}


def test_a_lock_makes_the_second_wait(house: House, emulator: Emulator) -> None:
    first = held_at_the_lock(house)
    second = house.begin_fix("--lock", "lock", "--lock-timeout", "1m")
    emulator.faults.release()
    assert first.end().ended.code == 0
    assert second.end().totals == {"runs": 1, "clean": 1}


def test_a_second_that_waits_can_be_ended(house: House, emulator: Emulator) -> None:
    first = held_at_the_lock(house)
    second = house.begin_fix("--lock", "lock", "--lock-timeout", "5m", "--deadline", "3s").end()
    assert second.ended.code == 1
    assert "deadline" in second.ended.err
    emulator.faults.release()
    assert first.end().ended.code == 0
