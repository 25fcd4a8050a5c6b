"""Promise 1: a pass that would change too much changes nothing."""

from __future__ import annotations

import pytest

from janitor.emulator import Emulator
from tests.promises.service import House, Runs


def done_runs(count: int) -> Runs:
    runs = Runs()
    for number in range(count):
        runs.done(f"r{number}")
    return runs


def silent_runs(silent: int, alive: int) -> Runs:
    """Runs that went silent days ago, each at a time of its own, and runs that train."""
    runs = Runs()
    for number in range(silent):
        runs.silent(f"silent{number}", since=f"-{30 + number}h", created_at="-9d")
    for number in range(alive):
        runs.alive(f"alive{number}")
    return runs


def test_too_many_changes_are_reported_but_not_made(house: House, emulator: Emulator) -> None:
    house.seed(done_runs(4))
    stopped = house.fix("--max-changes", "3", code=3)
    assert emulator.counts.mutations == 0
    assert stopped.totals == {"runs": 4, "planned": 4}
    brake = stopped.report["brake"]
    assert (brake["tripped"], brake["limit"]) == (True, "max_changes")
    assert (brake["found"], brake["allowed"]) == (4, 3)
    assert brake["message"] in stopped.ended.out + stopped.ended.err
    forced = house.fix("--max-changes", "3", "--force")
    assert forced.totals == {"runs": 4, "written": 4}


def test_too_many_guesses_at_a_death_are_not_written(house: House, emulator: Emulator) -> None:
    house.seed(silent_runs(11, 9))
    stopped = house.fix(code=3)
    assert stopped.report["brake"]["limit"] == "max_silent_percent"
    assert stopped.report["brake"]["found"] == pytest.approx(55)
    assert emulator.counts.mutations == 0
    assert house.fix("--dry-run", code=3).report["brake"]["tripped"]
    assert house.fix("--force").totals["written"] == 11


def test_half_of_the_runs_may_be_silent(house: House) -> None:
    house.seed(silent_runs(10, 10))
    assert house.fix().totals["written"] == 10


@pytest.mark.parametrize(
    "words",
    [
        ("--max-silent-percent", "0"),
        ("--max-changes", "0", "--max-silent-percent", "100", "--no-stand-down"),
    ],
    ids=" ".join,
)
def test_zero_means_none_at_all(house: House, emulator: Emulator, words: tuple[str, ...]) -> None:
    house.seed(silent_runs(1, 1))
    assert house.fix(*words, code=3).totals["planned"] == 1
    assert emulator.counts.mutations == 0


def test_a_plan_that_is_over_the_limit_is_not_applied(house: House, emulator: Emulator) -> None:
    house.seed(done_runs(3))
    plan = ("plan", "--sweep", "acme/rl/s1", "--out", "plan.json")
    house.janitor.ends(3, *plan, "--max-changes", "2")
    house.janitor.ends(3, "apply", "plan.json", "--max-changes", "2", "--journal", "journals")
    assert emulator.counts.mutations == 0
    house.janitor.ends(0, "apply", "plan.json", "--force", "--journal", "journals")
    assert house.states("r0", "r1", "r2") == ["success"] * 3
