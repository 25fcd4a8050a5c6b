"""The scan, and the proof that no run was missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from janitor.errors import PermissionDeniedError, TransientError
from janitor.model import (
    Policy,
    ResolvedTarget,
    RunInfo,
    RunPage,
    SweepRunState,
    Target,
    TargetKind,
)
from janitor.pipeline.resolve import resolve
from janitor.pipeline.scan import Scanner, unreadable_times, without_repeats
from janitor.pipeline.sweep_scan import SweepScan
from janitor.rules import judge
from janitor.runtime.interrupt import Interrupter
from tests.support.memory_store import SWEEP, MemoryStore, failing, once
from tests.support.passes import Watcher
from tests.support.run_samples import MINUTE, NOW, StillClock, ago, flat, make_run

PROJECT = Target(TargetKind.PROJECT, "acme", "rl")
GROUP = Target(TargetKind.GROUP, "acme", "rl", "g1")


@dataclass(slots=True)
class Scans:
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: StillClock = field(default_factory=StillClock)
    watcher: Watcher = field(default_factory=Watcher)
    interrupter: Interrupter = field(default_factory=Interrupter)

    def scan(self, *targets: Target) -> list[SweepScan]:
        resolution = resolve(self.store, targets or (SWEEP,))
        assert not resolution.errors
        return self.scan_of(*resolution.sweeps)

    def scan_of(self, *sweeps: ResolvedTarget) -> list[SweepScan]:
        scanner = Scanner(
            self.store,
            Policy(),
            self.clock,
            self.watcher,
            self.interrupter,
        )
        return scanner.scan(sweeps)

    def one(self) -> SweepScan:
        (scan,) = self.scan()
        return scan


@pytest.fixture
def scans() -> Scans:
    return Scans()


def some(count: int) -> list[RunInfo]:
    return [make_run(id=f"r{number}") for number in range(count)]


def test_every_run_of_every_page_is_judged(scans: Scans) -> None:
    scans.store.add(*some(7))
    scans.store.page_size = 3
    scan = scans.one()
    assert sorted(scan.judged) == [f"acme/rl/r{number}" for number in range(7)]
    assert (scan.seen, scan.expected, scan.missing, scan.duplicates) == (7, 7, 0, 0)
    assert scan.is_complete
    assert scans.watcher.pages == [("acme/rl/s1", seen, 7) for seen in (3, 6, 7)]


def test_an_empty_sweep_is_complete(scans: Scans) -> None:
    (scan,) = scans.scan_of(ResolvedTarget(SWEEP, "s1"))
    assert (scan.seen, scan.expected, scan.is_complete) == (0, 0, True)


def test_clean_and_untracked_runs_are_kept_by_their_paths(scans: Scans) -> None:
    scans.store.add(make_run(flat("success"), id="a"), make_run({}, id="b"), make_run(id="c"))
    scan = scans.one()
    assert scan.clean == {"acme/rl/a": SweepRunState.SUCCESS}
    assert scan.untracked == {"acme/rl/b"}
    assert list(scan.judged) == ["acme/rl/c"]


def test_each_page_is_judged_by_its_own_reading_of_the_clock(scans: Scans) -> None:
    scans.store.add(make_run(id="a", silent=29 * MINUTE), make_run(id="b", silent=29 * MINUTE))
    scans.store.page_size = 1
    scans.store.before_page.append(lambda after: scans.clock.move(2 * MINUTE) if after else None)
    judged = scans.one().judged
    assert type(judged["acme/rl/a"].verdict).__name__ == "Hold"
    assert type(judged["acme/rl/b"].verdict).__name__ == "Change"


# ---- coverage -------------------------------------------------------------------------------


def test_rows_that_come_twice_are_counted_and_judged_once(scans: Scans) -> None:
    scans.store.add(*some(4))
    scans.store.page_size = 2
    scans.store.change_page.append(lambda page: replace(page, runs=(*page.runs, page.runs[0])))
    scan = scans.one()
    assert (scan.seen, scan.duplicates, scan.is_complete) == (4, 2, True)


def without(name: str, times: int) -> Callable[[RunPage], RunPage]:
    """Pages that lack a run, so many times that it would be due."""
    left = [name] * times

    def change(page: RunPage) -> RunPage:
        kept = tuple(run for run in page.runs if run.id != name)
        return replace(page, runs=kept) if left and kept != page.runs and left.pop() else page

    return change


def test_a_row_that_is_missing_once_is_found_by_reading_again(scans: Scans) -> None:
    scans.store.add(*some(4))
    scans.store.change_page.append(without("r2", 1))
    scan = scans.one()
    assert (scan.seen, scan.missing, scan.is_complete) == (4, 0, True)
    assert scan.duplicates == 0


def test_a_row_that_stays_missing_makes_the_scan_incomplete(scans: Scans) -> None:
    scans.store.add(*some(4))
    scans.store.change_page.append(without("r2", 99))
    scan = scans.one()
    assert (scan.seen, scan.expected, scan.missing, scan.is_complete) == (3, 4, 1, False)
    assert scan.error is None


def test_a_run_created_while_the_sweep_is_read_is_not_a_gap(scans: Scans) -> None:
    scans.store.add(*some(4))
    scans.store.page_size = 3
    create = once(lambda _: scans.store.add(make_run(id="new")))
    scans.store.before_page.append(lambda after: create(after) if after else None)
    scan = scans.one()
    assert (scan.seen, scan.expected, scan.is_complete) == (5, 5, True)


def test_a_run_created_after_its_page_was_cut_is_not_a_gap(scans: Scans) -> None:
    scans.store.add(*some(3))
    scans.store.change_page.append(lambda page: _counted_late(scans, page))
    scan = scans.one()
    assert (scan.seen, scan.expected, scan.is_complete) == (4, 4, True)


def _counted_late(scans: Scans, page: RunPage) -> RunPage:
    """The listing was made, then a run was created, then the runs were counted."""
    if any(run.id == "late" for run in page.runs):
        return page
    scans.store.add(make_run(id="late"))
    return replace(page, run_count=4, after=None)


def test_a_run_that_slips_through_when_another_is_deleted_is_read_all_the_same(
    scans: Scans,
) -> None:
    scans.store.add(*some(6))
    scans.store.page_size = 3
    delete = once(lambda _: scans.store.remove("acme/rl/r0"))
    scans.store.before_page.append(lambda after: delete(after) if after else None)
    scan = scans.one()
    assert {"acme/rl/r3", "acme/rl/r4", "acme/rl/r5"} <= scan.judged.keys()
    assert scan.is_complete


@pytest.mark.parametrize("cursor", ["2", "0"])
def test_a_cursor_that_comes_again_ends_the_reading(scans: Scans, cursor: str) -> None:
    scans.store.add(*some(6))
    scans.store.page_size = 2
    scans.store.change_page.append(lambda page: replace(page, after=cursor))
    scan = scans.one()
    assert (scan.is_complete, scan.error) == (False, None)
    assert scan.missing == 6 - scan.seen > 0


def test_short_pages_are_nothing_special(scans: Scans) -> None:
    scans.store.add(*some(5))
    scans.store.page_size = 1
    assert scans.one().is_complete


def test_a_store_that_does_not_count_its_runs_proves_nothing(scans: Scans) -> None:
    scans.store.add(*some(2))
    scans.store.change_page.append(lambda page: replace(page, run_count=None))
    scan = scans.one()
    assert (scan.seen, scan.expected, scan.is_complete) == (2, None, False)


def test_a_sweep_that_cannot_be_read_leaves_the_others(scans: Scans) -> None:
    scans.store.add(*some(2), *(replace(run, sweep="s2", id=f"x{run.id}") for run in some(2)))
    broken = failing(PermissionDeniedError("no"))
    scans.store.change_page.append(
        lambda page: page if page.runs[0].sweep == "s1" else _raise(broken, page)
    )
    first, second = scans.scan(PROJECT)
    assert first.is_complete
    assert (second.error, second.is_complete, second.seen) == ("no", False, 0)


def _raise(fail: Callable[[str], object], page: RunPage) -> RunPage:
    fail("")
    return page


def test_a_scan_that_breaks_off_keeps_what_it_has_read(scans: Scans) -> None:
    scans.store.add(*some(4))
    scans.store.page_size = 2
    broken = failing(TransientError("reset"))
    scans.store.before_page.append(lambda after: broken("") if after else None)
    scan = scans.one()
    assert (scan.seen, scan.expected, scan.error, scan.is_complete) == (2, 4, "reset", False)


def test_a_scan_that_is_stopped_is_incomplete(scans: Scans) -> None:
    scans.store.add(*some(4))
    scans.store.page_size = 2
    scans.store.before_page.append(lambda _: _interrupt(scans))
    scan = scans.one()
    assert scan.seen == 2
    assert scan.error == "stopped before everything was read"
    assert not scan.is_complete


def _interrupt(scans: Scans) -> None:
    scans.interrupter.ask("SIGTERM")


# ---- several targets ------------------------------------------------------------------------


def test_a_run_under_several_targets_is_judged_under_the_first(scans: Scans) -> None:
    scans.store.add(make_run(id="both", group="g1"), make_run(id="sweep"))
    scans.store.add(make_run(id="group", sweep=None, group="g1"), make_run({}, id="u", group="g1"))
    found = scans.scan(GROUP, SWEEP)
    assert [scan.seen for scan in found] == [3, 3]
    assert without_repeats(found) == 4
    assert [sorted(scan.judged) for scan in found] == [
        ["acme/rl/both", "acme/rl/group"],
        ["acme/rl/sweep"],
    ]
    assert [len(scan.untracked) for scan in found] == [1, 0]


def test_a_sweep_named_twice_is_taken_once(scans: Scans) -> None:
    scans.store.add(*some(2), make_run(id="x", sweep="s2"))
    found = scans.scan(SWEEP, PROJECT, SWEEP)
    assert [scan.target for scan in found] == ["acme/rl/s1", "acme/rl/s2"]


def test_a_sweep_and_a_group_of_one_name_are_two_targets(scans: Scans) -> None:
    group = replace(GROUP, name="s1")
    scans.store.add(make_run(id="a"), make_run(id="b", sweep=None, group="s1"))
    found = scans.scan(SWEEP, group)
    assert [list(scan.judged) for scan in found] == [["acme/rl/a"], ["acme/rl/b"]]


def test_an_unknown_target_is_an_error_and_the_others_are_scanned() -> None:
    store = MemoryStore()
    store.add(make_run())
    gone = replace(SWEEP, name="gone")
    store.unknown.add(gone)
    resolution = resolve(store, [gone, SWEEP])
    assert [sweep.path for sweep in resolution.sweeps] == ["acme/rl/s1"]
    ((target, error),) = resolution.errors
    assert target == "acme/rl/gone"
    assert "sweep acme/rl/gone does not exist" in str(error)


# ---- times that cannot be read --------------------------------------------------------------


def test_times_that_cannot_be_read_are_reported() -> None:
    run = make_run(flat(heartbeat="soon", last_update=ago(-60 * MINUTE)))
    assert list(unreadable_times(judge(run, Policy(), NOW))) == [
        "protein.heartbeat cannot be read as a time: 'soon'",
        "protein.last_update is in the future: '2026-03-01T13:00:00Z'",
    ]


@pytest.mark.parametrize("run", [make_run(), make_run(flat(["?"])), make_run({})])
def test_other_runs_have_nothing_to_report(run: RunInfo) -> None:
    assert list(unreadable_times(judge(run, Policy(), NOW))) == []
