from __future__ import annotations

from collections.abc import Iterator

import pytest

from janitor.emulator import Emulator
from janitor.lifecycle import exits, ranks
from tests.lifecycle.lifecycle_runs import FakeRun, FakeTime


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No launcher's variables, and nobody left armed."""
    for name in (ranks.GLOBAL_RANK, *ranks.OTHER_RANKS):
        monkeypatch.delenv(name, raising=False)
    yield
    for mortal in tuple(exits.GUARD._mortals):  # noqa: SLF001 - what a test left open
        exits.GUARD.disarm(mortal)


@pytest.fixture
def run() -> FakeRun:
    return FakeRun()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running
