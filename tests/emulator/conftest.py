from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from janitor.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


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
