"""Promise 8, where a gateway gives an answer up and the server applies the write all the same."""

from __future__ import annotations

from janitor.emulator import Emulator
from tests.promises.service import House, Runs, path_of, wait_until

PATH = path_of("r1")
WRITE = {"field": "upsertBucket", "sdk": False}
OPEN = {"protein.state": "running", "loss": 0.5}
LAST_WORD = {"loss": 0.1, "accuracy": 0.9, "protein.objective": 3.0}


def test_a_write_that_lands_when_its_pass_is_long_over_covers_nothing_for_long(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().silent("r1", summary=OPEN))
    ends = {"log": LAST_WORD, "finish": 0}
    emulator.faults.add(action="change", change=ends, match=WRITE, when="before", times=1)
    emulator.faults.add(action="hold", match=WRITE)
    assert house.fix(JANITOR_TIMEOUT="1s").outcomes == {"r1": "superseded"}
    assert house.summary("r1").items() >= LAST_WORD.items()
    emulator.faults.clear()
    wait_until(lambda: house.state("r1") == "timeout")
    assert not house.summary("r1").items() >= LAST_WORD.items()
    done = house.fix()
    assert "put back" in done.report["warnings"][0]["message"]
    house.fix()
    assert house.state("r1") == "success"
    assert house.summary("r1").items() >= LAST_WORD.items()
