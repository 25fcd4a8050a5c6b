from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from janitor.emulator import Emulator
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


@pytest.fixture
def api(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A ``wandb.Api()`` of this process, whose server is the emulator."""
    for name, value in emulator.environment(tmp_path / "api").items():
        monkeypatch.setenv(name, value)
    import wandb  # noqa: PLC0415 - its environment comes first

    wandb.teardown()
    yield wandb.Api()
    wandb.teardown()
