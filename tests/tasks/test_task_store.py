from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from janitor.errors import HeldError, NotFoundError
from janitor.model import Change, Hold, Liveness, Policy, RunInfo, SweepRunState, Target, TargetKind
from janitor.ports import Store
from janitor.rules import judge
from janitor.stores.retrying import RetryingStore
from janitor.stores.routing import RoutingStore
from janitor.tasks import ManagerSettings, TaskManager, TaskStatus
from janitor.tasks.store import WORDS, TaskStore
from tests.stores.backends import read
from tests.stores.local_contract import LocalBackend, LocalContract
from tests.tasks.task_bench import NOON, Bench


class Script:
    """Managers that come for a moment, so that the store may hold the file in between."""

    def __init__(self, path: Path, routing: RoutingStore) -> None:
        self.path = path
        self.routing = routing
        TaskManager(path, say=lambda _: None).close()

    def add(self, name: str) -> None:
        self.routing.close()
        with TaskManager(self.path, say=lambda _: None) as manager:
            manager.add(name)
            manager.assign("gpu0")

    def touch(self, name: str) -> None:
        self.routing.close()
        with TaskManager(self.path, say=lambda _: None) as manager:
            manager.fail(name, "oops")


def backend_over(store: Store, routing: RoutingStore, path: Path) -> LocalBackend:
    script = Script(path, routing)
    return LocalBackend(
        store,
        Target(TargetKind.STORE, "tasks:", str(path).lstrip("/")),
        Target(TargetKind.STORE, "tasks:", str(path.with_name("missing.json")).lstrip("/")),
        script.add,
        script.touch,
    )


@pytest.fixture
def routing() -> Iterator[RoutingStore]:
    store = RoutingStore(Policy(), lambda: datetime.now(UTC))
    yield store
    with suppress(NotFoundError):
        store.close()


class TestTaskStore(LocalContract):
    @pytest.fixture
    def backend(self, routing: RoutingStore, tmp_path: Path) -> LocalBackend:
        return backend_over(routing, routing, tmp_path / "manager_state.json")


class TestTaskStoreThatIsAskedAgain(LocalContract):
    @pytest.fixture
    def backend(self, routing: RoutingStore, tmp_path: Path) -> LocalBackend:
        store = RetryingStore(routing, lambda _: None, lambda: False)
        return backend_over(store, routing, tmp_path / "manager_state.json")


def test_the_words_map_totally_and_back() -> None:
    assert set(WORDS.ours) == set(TaskStatus)
    assert set(WORDS.theirs) == set(SweepRunState)
    for status, state in WORDS.ours.items():
        assert WORDS.theirs[state] is status


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
    assert verdict == Hold("none", "its manager is at work, and looks after it")
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
