"""Promise 9: a run that was marked as ended by mistake gets back the state it had."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.emulator import Emulator
from tests.promises.service import House, Runs, path_of

FORMS: list[dict[str, Any]] = [
    {"protein.state": "evaluating", "loss": 1, "protein.error": "of its own"},
    {"protein": {"state": "evaluating", "error": "of its own"}, "loss": 1},
]


@pytest.mark.parametrize("summary", FORMS, ids=["flat", "nested"])
def test_a_heart_that_beats_again_brings_the_state_back(
    house: House, emulator: Emulator, summary: dict[str, Any]
) -> None:
    house.seed(Runs().silent("r1", summary=summary))
    assert house.fix().outcomes == {"r1": "written"}
    assert house.state("r1") == "timeout"
    emulator.change(path_of("r1"), heartbeat=True)
    assert house.fix().outcomes == {}  # the beat may be the trace of our own write
    emulator.advance(300)
    emulator.change(path_of("r1"), heartbeat=True)
    back = house.fix()
    assert back.change("r1")["rule"] == "resurrected"
    assert house.state("r1") == "evaluating"
    now = house.summary("r1")
    ours = now.get("protein", now)
    ours = ours if "protein" in now else {k.removeprefix("protein."): v for k, v in ours.items()}
    marks = ours.get("janitor") or {
        key.removeprefix("janitor."): value
        for key, value in ours.items()
        if key.startswith("janitor.")
    }
    assert list(marks) == ["resurrected_at"]
    assert ours["error"] == "of its own"
    assert "failure_time" not in ours
    assert house.fix().totals == {"runs": 1, "held": 1}


def test_a_run_that_ended_stays_as_it_was_called(house: House, emulator: Emulator) -> None:
    house.seed(Runs().silent("r1"))
    house.fix()
    emulator.advance(300)
    emulator.change(path_of("r1"), heartbeat=True)
    emulator.change(path_of("r1"), state="crashed")
    assert house.fix().totals == {"runs": 1, "clean": 1}


def test_a_live_process_wipes_our_mark_by_itself(house: House, emulator: Emulator) -> None:
    house.seed(Runs().silent("r1"))
    house.fix()
    emulator.change(path_of("r1"), log={"loss": 0.5})
    assert house.summary("r1") == {"protein.state": "running", "loss": 0.5}
    assert house.fix().totals == {"runs": 1, "held": 1}


def test_a_resurrection_can_be_undone_where_the_server_merges_no_keys_away(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().silent("r1"))
    house.fix()
    called_over = house.summary("r1")
    emulator.advance(300)
    emulator.change(path_of("r1"), heartbeat=True)
    house.fix()
    house.undo(house.journals[-1])
    assert house.summary("r1") == called_over


def test_a_server_that_keeps_removed_keys_is_found_out(house: House, emulator: Emulator) -> None:
    house.seed(Runs().silent("r1"))
    house.fix()
    emulator.configure(summary_write="merge")
    emulator.advance(300)
    emulator.change(path_of("r1"), heartbeat=True)
    back = house.fix(code=1)
    assert back.outcomes == {"r1": "failed"}
    assert "protein.janitor.at" in back.change("r1")["error"]
