"""Promise 5: what the janitor wrote can be put back, and only that."""

from __future__ import annotations

import math

from janitor.emulator import Emulator
from tests.promises.service import House, Runs, path_of

NAMES = ("flat", "nested", "marked", "old error")


def odd_runs() -> Runs:
    runs = Runs().done("flat", objective=1)
    nested = {"protein": {"state": "running", "objective": 2}, "x": math.inf}
    runs.done("nested", summary=nested)
    runs.silent("marked", summary={"protein.state": "running", "protein.janitor.rule": "mine"})
    old = {"protein.state": "evaluating", "protein.error": "old", "protein.failure_time": None}
    return runs.add("old error", state="failed", heartbeat_at="-1h", summary=old)


def test_everything_stands_as_it_did_before(house: House) -> None:
    house.seed(odd_runs())
    before = {name: house.summary(name) for name in NAMES}
    house.fix()
    after = {name: house.summary(name) for name in NAMES}
    assert house.states(*NAMES) == ["success", "success", "timeout", "failure"]
    undone = house.undo(house.journals[-1])
    assert set(undone.outcomes.values()) == {"written"}
    assert {name: house.summary(name) for name in NAMES} == before
    assert undone.journal is not None
    assert undone.journal.command == "undo"
    house.undo(undone.journal.path)
    assert {name: house.summary(name) for name in NAMES} == after


def test_a_report_is_enough_too(house: House) -> None:
    house.seed(odd_runs())
    before = {name: house.summary(name) for name in NAMES}
    passed = house.begin_fix()
    passed.end()
    house.undo(passed.report)
    assert {name: house.summary(name) for name in NAMES} == before


def test_a_value_that_somebody_changed_is_in_the_way(house: House, emulator: Emulator) -> None:
    house.seed(Runs().done("r1").done("r2"))
    house.fix()
    emulator.change(path_of("r1"), summary_update={"protein.state": "failure"})
    undone = house.undo(house.journals[-1], code=1)
    assert "1 run was restored only in part" in undone.ended.err
    assert [change["partial"] for change in undone.report["changes"]] == [True, False]
    assert house.state("r1") == "failure"
    assert "protein.janitor.rule" not in house.summary("r1")
    assert "protein.state is 'failure' now" in undone.change("r1")["error"]
    assert house.summary("r2") == {"protein.state": "running", "protein.objective": 0.5}


def test_one_run_is_put_back_alone_and_a_dry_run_puts_back_none(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().done("r1").done("r2"))
    house.fix()
    emulator.reset_counts()
    journal = house.journals[-1]
    assert house.undo(journal, "--dry-run").totals == {"runs": 2, "planned": 2}
    assert emulator.counts.mutations == 0
    house.undo(journal, "--run", "r1")
    assert house.states("r1", "r2") == ["running", "success"]
    house.janitor.ends(2, "undo", str(journal), "--run", "r9", "--journal", "journals")
