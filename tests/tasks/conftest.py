from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.tasks import TaskManager
from tests.tasks.workplace import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def manager(bench: Bench) -> Iterator[TaskManager]:
    manager = bench.manager()
    manager.add_all((name, "exp1", {"width": 4}) for name in ("a", "b", "c"))
    yield manager
    manager.release()
