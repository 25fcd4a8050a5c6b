from __future__ import annotations

import os
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
def work(tmp_path: Path) -> Path:
    """Where the processes write down what they did."""
    return tmp_path / "work.txt"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """What a process reads from, until somebody writes there."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


@pytest.fixture
def manager(tmp_path: Path, problems: list[str]) -> StateManager:
    return StateManager(tmp_path / "states", clock=lambda: NOON, on_problem=problems.append)
