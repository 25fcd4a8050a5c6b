from __future__ import annotations

from collections.abc import Iterator

import pytest

from janitor.emulator import Emulator


@pytest.fixture(scope="package")
def one_emulator() -> Iterator[Emulator]:
    """One server for all tests, for it takes a moment to stop."""
    with Emulator() as running:
        yield running


@pytest.fixture
def emulator(one_emulator: Emulator) -> Emulator:
    """A server without runs, rules or history."""
    one_emulator.reset()
    return one_emulator
