from __future__ import annotations

from collections.abc import Iterator

import pytest

from janitor.lifecycle import exit_hooks, ranks
from tests.lifecycle.lifecycle_runs import FakeRun, FakeTime


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No launcher's variables, and nobody left armed."""
    for name in (ranks.GLOBAL_RANK, *ranks.OTHER_RANKS):
        monkeypatch.delenv(name, raising=False)
    yield
    for listener in tuple(exit_hooks.GUARD._listeners):  # noqa: SLF001 - what a test left open
        exit_hooks.GUARD.remove(listener)


@pytest.fixture
def run() -> FakeRun:
    return FakeRun()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()
