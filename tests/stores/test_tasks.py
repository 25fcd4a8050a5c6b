from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from janitor.errors import HeldError
from janitor.model import Change, Hold, Liveness, Policy, RunInfo, SweepRunState
from janitor.rules import judge
from janitor.stores.tasks import WORDS, TaskStore
from janitor.tasks import ManagerSettings, TaskManager, TaskStatus
from tests.stores.backends import Backend, read
from tests.stores.local_contract import LocalStoreContract, check_total
from tests.stores.local_worlds import local_backend
from tests.tasks.files_of_others import OURS, THEIRS, TaskWorld
from tests.tasks.workplace import NOON, Bench


class TestTaskStore(LocalStoreContract):
    @pytest.fixture
    def plain(self, tmp_path: Path) -> Iterator[Backend]:
        world = TaskWorld(tmp_path)
        yield local_backend(world, odd_name='a/b 50% %2F "1" {ä} \\')
        world.store.close()


def test_the_words_map_totally_and_back() -> None:
    assert (WORDS.ours, WORDS.theirs) == (OURS, THEIRS)
    check_total(WORDS, TaskStatus)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def stale(bench: Bench) -> TaskManager:
    """A manager with one task, assigned at noon."""
    manager = bench.manager()
    manager.add("a/b")
    manager.assign("gpu0")
    return manager


def the_run(bench: Bench) -> RunInfo:
    store = TaskStore(bench.state_file, Policy(), lambda: bench.now)
    return read(store, f"tasks:{bench.state_file}/a%2Fb")


@pytest.mark.parametrize(("hours", "said"), [(1.9, Hold), (2.1, Change)])
def test_an_assignment_is_stale_after_two_hours(
    bench: Bench, stale: TaskManager, hours: float, said: type
) -> None:
    bench.dies(stale)
    verdict = judge(the_run(bench), Policy(), NOON + timedelta(hours=hours)).verdict
    assert isinstance(verdict, said)
    if isinstance(verdict, Change):
        assert verdict.to is SweepRunState.INITIALIZING
        assert verdict.reason == "assigned to gpu0 2 hours and 6 minutes ago"


def test_a_manager_at_work_looks_after_its_own(bench: Bench, stale: TaskManager) -> None:
    run = the_run(bench)
    assert run.process is Liveness.ALIVE
    verdict = judge(run, Policy(), NOON + timedelta(hours=9)).verdict
    assert verdict == Hold("none", "its manager is running, and handles it")
    store = TaskStore(bench.state_file, Policy(), lambda: bench.now)
    with pytest.raises(HeldError, match="is held by process"):
        store.update_run_summary(run, run.summary)
    assert stale.is_held


def test_who_wrote_holds_the_file_until_the_pass_is_over(bench: Bench, stale: TaskManager) -> None:
    bench.dies(stale)
    run = the_run(bench)
    store = TaskStore(bench.state_file, Policy(), lambda: bench.now)
    store.update_run_summary(run, {"protein.state": "initializing"})
    settings = ManagerSettings()
    with pytest.raises(HeldError):
        TaskManager(bench.state_file, settings=settings, say=bench.lines.append)
    store.close()
    manager = bench.manager()
    assert (manager.task("a/b").status, manager.task("a/b").assigned_to) == ("pending", None)
