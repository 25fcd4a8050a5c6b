"""The parallel scan of one large target: partitions by creation time, with counts that prove it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from random import Random
from threading import BoundedSemaphore

import pytest

from janitor.errors import RejectedError
from janitor.model import Policy, ResolvedTarget, RunPage
from janitor.pipeline import partitions
from janitor.pipeline.partitions import AT_ONCE, partition, read_partitions
from janitor.pipeline.scan import Scanner
from janitor.pipeline.sweep_scan import SweepScan
from janitor.runtime.interrupt import Interrupter
from tests.support.memory_store import SWEEP
from tests.support.part_store import PartStore
from tests.support.passes import Watcher
from tests.support.run_samples import DAY, NOW, StillClock, ago, flat, make_run


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "FEWEST", 50)
    monkeypatch.setattr(partitions, "WORTH_SECONDS", 0.0)


def store_of(count: int, seed: int = 1, spread: timedelta = 10 * DAY) -> PartStore:
    """Runs whose times of creation are anywhere in a period, some at the same second."""
    random = Random(seed)
    ages = sorted((spread * random.random() ** 3 for _ in range(count)), reverse=True)
    store = PartStore(page_size=5)
    for number, age in enumerate(ages):
        at = ago(age + timedelta(hours=1))
        store.add(
            make_run(flat("success"), "finished", id=f"r{number}", created_at=at, heartbeat_at=at)
        )
    return store


def scan_of(store: PartStore) -> SweepScan:
    scanner = Scanner(store, Policy(), StillClock(), Watcher(), Interrupter(), parts=store)
    (scan,) = scanner.scan([ResolvedTarget(SWEEP, "s1")])
    return scan


@pytest.mark.parametrize("seed", range(5))
def test_every_run_of_a_large_target_is_read_once(seed: int) -> None:
    store = store_of(400, seed, [DAY, 100 * DAY, timedelta(minutes=1)][seed % 3])
    scan = scan_of(store)
    assert (scan.seen, scan.expected, scan.duplicates) == (400, 400, 0)
    assert scan.is_complete
    assert store.asked


def test_the_partitions_are_disjoint_and_hold_all_runs_that_are_not_on_the_first_page() -> None:
    store = store_of(400)
    first = store.fetch_runs(SWEEP)
    periods = partition(store, SWEEP, first, NOW)
    assert periods[-1].end is None
    assert all(one.end == other.start for one, other in pairwise(periods))
    found = read_partitions(store, SWEEP, periods, BoundedSemaphore(AT_ONCE), lambda: False)
    runs = [run.path for page in found if isinstance(page, RunPage) for run in page.runs]
    assert len(runs) == len(set(runs)) == sum(period.runs for period in periods)
    assert len({*runs, *(run.path for run in first.runs)}) == 400


def test_a_store_that_cannot_filter_is_read_in_order() -> None:
    store = store_of(100)

    def refuse(_: list[int]) -> list[int]:
        raise RejectedError("unknown field created_at")

    store.change_counts.append(refuse)
    scan = scan_of(store)
    assert scan.is_complete
    assert not store.asked


def test_counts_that_do_not_add_up_are_not_believed() -> None:
    store = store_of(100)
    store.change_counts.append(lambda counts: [*counts[:-1], counts[-1] + 1])
    scan = scan_of(store)
    assert (scan.seen, scan.is_complete) == (100, True)
    assert not store.asked


def test_a_run_that_a_partition_does_not_list_is_found_by_reading_in_order() -> None:
    store = store_of(100)
    gone: list[str] = []

    def skip(_: object) -> None:
        """While pages are read, an early run is deleted, so that one is skipped."""
        if not gone and len(store.asked) == 3:
            gone.append("acme/rl/r20")
            store.remove("acme/rl/r20")

    store.before_part.append(skip)
    scan = scan_of(store)
    assert gone
    assert set(store.paths()) <= {*scan.clean, *scan.judged}


def test_a_small_target_is_read_in_order() -> None:
    store = store_of(30)
    assert scan_of(store).is_complete
    assert not store.asked
    assert not store.counted


@pytest.mark.parametrize(("seconds", "is_parallel"), [(0.5, False), (0.7, True)])
def test_a_target_that_is_read_quickly_in_order_is_not_partitioned(
    monkeypatch: pytest.MonkeyPatch, seconds: float, *, is_parallel: bool
) -> None:
    monkeypatch.setattr(partitions, "WORTH_SECONDS", 12.0)
    first = store_of(100).fetch_runs(SWEEP)  # of 20 pages
    assert partitions.is_large(first, seconds) is is_parallel
