from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import janitor_of
from tests.promises.house import House


@pytest.fixture(scope="package")
def one_emulator() -> Iterator[Emulator]:
    """One server for all tests, for it takes a moment to stop."""
    with Emulator() as running:
        yield running


@pytest.fixture
def emulator(one_emulator: Emulator) -> Emulator:
    """A server without runs, faults or history."""
    one_emulator.reset()
    return one_emulator


@pytest.fixture
def house(emulator: Emulator, tmp_path: Path) -> House:
    """A sweep, and janitors for it."""
    return House(emulator, janitor_of(emulator, tmp_path))
