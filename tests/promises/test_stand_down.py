"""Promise 2: a silence of most runs at once is W&B's or the network's, not theirs."""

from __future__ import annotations

from janitor.emulator import Emulator
from tests.promises.service import House, Runs


def outage() -> Runs:
    """Six of nine open runs fell silent 40 minutes ago; one finished with an objective."""
    runs = Runs().done("done").alive("alive").alive("alive too").silent("silent long", "-5h")
    for number in range(4):
        runs.silent(f"silent{number}", since=f"-{40 + number}m")
    for number in range(2):
        runs.add(f"crashed{number}", state="crashed", heartbeat_at=f"-{42 + number}m")
    return runs


def test_the_silent_runs_are_held_and_the_others_repaired(house: House) -> None:
    house.seed(outage())
    passed = house.fix("--force", code=1)
    found = passed.report["stand_down"]
    assert found["active"]
    assert (found["silent"], found["open"]) == (6, 9)
    assert found["message"] in passed.held("silent0")
    assert found["message"] in passed.held("crashed1")
    assert passed.outcomes == {"done": "written", "silent long": "written"}


def test_a_dry_run_and_a_plan_show_the_same(house: House, emulator: Emulator) -> None:
    house.seed(outage())
    assert house.fix("--dry-run", code=1).report["stand_down"]["active"]
    house.janitor.ends(1, "plan", "--sweep", "acme/rl/s1", "--out", "plan.json")
    assert emulator.counts.mutations == 0


def test_it_is_overruled_by_who_knows_better(house: House) -> None:
    house.seed(outage())
    passed = house.fix("--no-stand-down")
    assert passed.totals["written"] == 8


def test_a_silence_that_is_over_a_day_old_is_theirs(house: House) -> None:
    runs = Runs()
    for number in range(6):
        runs.silent(f"r{number}", since=f"-{1500 + number}m", created_at="-3d")
    house.seed(runs)
    assert house.fix().totals["written"] == 6
