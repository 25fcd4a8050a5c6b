from __future__ import annotations

from pathlib import Path

import pytest

from janitor.experiments import (
    StateManager,
)
from tests.experiments.samples import NOON


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def manager(tmp_path: Path, problems: list[str]) -> StateManager:
    return StateManager(tmp_path / "states", clock=lambda: NOON, on_problem=problems.append)
