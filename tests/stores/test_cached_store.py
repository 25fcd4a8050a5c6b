from __future__ import annotations

from datetime import timedelta

import pytest

from janitor.errors import TransientError
from janitor.stores.cached import CachedStore
from tests.stores.backends import SWEEP, Backend, RememberedWorld, World, a_run, read
from tests.stores.sweep_contract import SweepStoreContract
from tests.support.memory_store import MemoryStore

PAGE = 50


class ForgetfulWorld(RememberedWorld):
    """One whose changes are told to the cache; else the contract would hold only in time."""

    def __init__(self, store: MemoryStore, cached: CachedStore) -> None:
        super().__init__(store)
        self.cached = cached

    def add(self, *runs: dict[str, object]) -> None:
        super().add(*runs)
        self.cached.invalidate()

    def put_summary(self, path: str, text: str) -> None:
        super().put_summary(path, text)
        self.cached.invalidate()


class TestCachedStore(SweepStoreContract):
    @pytest.fixture
    def plain(self) -> Backend:
        store = MemoryStore(page_size=PAGE)
        cached = CachedStore(store, timedelta(minutes=5))
        return Backend(cached, ForgetfulWorld(store, cached), PAGE)


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def behind() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def world(behind: MemoryStore) -> World:
    world = RememberedWorld(behind)
    world.add(a_run("r1", summary={"n": 1}))
    return world


@pytest.fixture
def cached(behind: MemoryStore, world: World, seconds: Seconds) -> CachedStore:
    assert world
    return CachedStore(behind, timedelta(seconds=60), seconds)


def seen(store: CachedStore) -> list[object]:
    return [run.summary.get("n") for run in store.fetch_runs(SWEEP).runs]


def test_a_page_is_remembered_for_its_time(
    cached: CachedStore, world: World, seconds: Seconds
) -> None:
    assert seen(cached) == [1]
    world.put_summary("acme/rl/r1", '{"n": 2}')
    seconds.now = 59.9
    assert seen(cached) == [1]
    seconds.now = 60
    assert seen(cached) == [2]
    assert (cached.figures.hits, cached.figures.misses) == (1, 2)
    assert cached.figures.hit_rate == pytest.approx(1 / 3)


def test_what_is_read_before_a_write_is_never_remembered(cached: CachedStore, world: World) -> None:
    assert read(cached, "acme/rl/r1").summary == {"n": 1}
    world.put_summary("acme/rl/r1", '{"n": 2}')
    assert read(cached, "acme/rl/r1").summary == {"n": 2}


def test_a_write_goes_through_and_is_remembered(cached: CachedStore, world: World) -> None:
    seen(cached)
    cached.update_run_summary(read(cached, "acme/rl/r1"), {"n": 3})
    assert world.summary("acme/rl/r1") == {"n": 3}
    assert seen(cached) == [3]
    assert cached.figures.hits == 1


def test_a_write_that_failed_is_not_taken_for_one(
    cached: CachedStore, behind: MemoryStore, world: World
) -> None:
    def lose_the_answer(_: str) -> None:
        raise TransientError("time-out")

    seen(cached)
    run = read(cached, "acme/rl/r1")
    behind.after_write.append(lose_the_answer)
    with pytest.raises(TransientError):
        cached.update_run_summary(run, {"n": 3})
    assert seen(cached) == [world.summary("acme/rl/r1")["n"]]


def test_what_is_remembered_can_be_forgotten(cached: CachedStore, world: World) -> None:
    seen(cached)
    cached.fetch_sweep_metadata(SWEEP)
    world.put_summary("acme/rl/r1", '{"n": 2}')
    cached.invalidate(SWEEP)
    assert seen(cached) == [2]
    cached.fetch_sweep_metadata(SWEEP)
    cached.invalidate()
    seen(cached)
    assert cached.figures.hits == 0


def test_a_cache_that_was_never_asked_has_no_hits(cached: CachedStore) -> None:
    assert cached.figures.hit_rate == 0
