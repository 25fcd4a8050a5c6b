"""Promise 11: every run was seen, or the report says that it was not."""

from __future__ import annotations

from typing import Any

from janitor.emulator import Emulator
from tests.promises.service import House, Runs

PAGES = "10"
SCAN = {"field": "project.runs"}


def some_runs(count: int) -> Runs:
    runs = Runs()
    for number in range(count):
        runs.done(f"r{number:02}", created_at=f"-{200 - number}m")
    return runs


def target(passed: Any) -> dict[str, Any]:
    (found,) = passed.report["targets"]
    return dict(found)


def test_every_run_is_seen(house: House) -> None:
    house.seed(some_runs(35))
    passed = house.fix(JANITOR_PAGE_SIZE=PAGES)
    assert (target(passed)["runs_expected"], target(passed)["runs_seen"]) == (35, 35)
    assert passed.totals == {"runs": 35, "written": 35}


def test_rows_that_come_twice_are_counted_once(house: House, emulator: Emulator) -> None:
    house.seed(some_runs(35))
    emulator.faults.add(action="duplicate_rows", rows=2, match=SCAN)
    passed = house.fix(JANITOR_PAGE_SIZE=PAGES)
    assert target(passed)["complete"]
    assert target(passed)["duplicates"] > 0
    assert passed.totals == {"runs": 35, "written": 35}
    assert set(emulator.counts.edits.values()) == {1}


def test_rows_that_never_come_are_reported_and_the_others_repaired(
    house: House, emulator: Emulator
) -> None:
    house.seed(some_runs(35))
    emulator.faults.add(action="missing_rows", rows=1, match=SCAN)
    passed = house.fix(code=1, JANITOR_PAGE_SIZE=PAGES)
    found = target(passed)
    assert not found["complete"]
    assert found["runs_seen"] + found["missing"] == 35
    assert found["missing"] > 0
    assert passed.totals["written"] == found["runs_seen"]
    assert passed.report["errors"]


def test_short_pages_are_read_to_the_end(house: House, emulator: Emulator) -> None:
    house.seed(some_runs(35))
    emulator.faults.add(action="short_page", rows=4, match=SCAN)
    passed = house.fix(JANITOR_PAGE_SIZE=PAGES)
    assert target(passed)["complete"]
    assert passed.totals == {"runs": 35, "written": 35}


def test_rows_that_are_missed_once_are_read_again(house: House, emulator: Emulator) -> None:
    house.seed(some_runs(35))
    emulator.faults.add(action="missing_rows", rows=2, match=SCAN, times=4)
    passed = house.fix(JANITOR_PAGE_SIZE=PAGES)
    assert target(passed)["complete"]
    assert passed.totals == {"runs": 35, "written": 35}


def test_a_run_created_during_the_scan_is_not_a_gap(house: House, emulator: Emulator) -> None:
    house.seed(some_runs(30))
    emulator.faults.add(action="hold", match=SCAN, nth=2)
    begun = house.begin_fix(JANITOR_PAGE_SIZE=PAGES)
    house.wait_for_held()
    emulator.seed(Runs().alive("new", created_at="-1s").seeds)
    emulator.faults.release()
    passed = begun.end()
    assert passed.ended.code == 0
    assert target(passed)["complete"]
    assert passed.totals["written"] == 30


def test_a_run_deleted_during_the_scan_hides_no_other(house: House, emulator: Emulator) -> None:
    house.seed(some_runs(30))
    emulator.faults.add(
        action="change", change={"sweep": "s2"}, run="acme/rl/r03", match=SCAN, nth=2
    )
    passed = house.fix(JANITOR_PAGE_SIZE=PAGES)
    assert target(passed)["complete"]
    assert set(passed.outcomes) >= {f"r{number:02}" for number in range(30)} - {"r03"}


def test_runs_in_no_sweep_are_counted_in_a_warning(house: House) -> None:
    house.seed(some_runs(3).done("alone", sweep=None).done("grouped", sweep=None, group="night"))
    passed = house.begin("fix", "--project", "acme/rl").end()
    (warning,) = passed.report["warnings"]
    assert warning["message"].startswith("2 runs of project acme/rl are in no sweep")
    assert "--include all" in warning["message"]
    assert passed.totals == {"runs": 3, "written": 3}
    whole = house.begin("fix", "--project", "acme/rl", "--include", "all").end()
    assert not whole.report["warnings"]
    assert whole.totals["written"] == 2


def test_a_project_that_is_all_sweeps_gets_no_warning(house: House) -> None:
    house.seed(some_runs(3).done("other", sweep="s2"))
    passed = house.begin("fix", "--project", "acme/rl").end()
    assert not passed.report["warnings"]
