from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor, janitor_of


@pytest.fixture(scope="session")
def one_emulator() -> Iterator[Emulator]:
    """One server for the whole session, for it takes a moment to stop."""
    with Emulator() as running:
        yield running


@pytest.fixture
def emulator(one_emulator: Emulator) -> Emulator:
    """A server without runs, rules or history."""
    one_emulator.reset()
    return one_emulator


@pytest.fixture
def janitor(emulator: Emulator, tmp_path: Path) -> Janitor:
    """The command line, whose server is the emulator."""
    return janitor_of(emulator, tmp_path)
