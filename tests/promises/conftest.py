from __future__ import annotations

from pathlib import Path

import pytest

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import janitor_of
from tests.promises.service import House


@pytest.fixture
def house(emulator: Emulator, tmp_path: Path) -> House:
    """A sweep, and janitors for it."""
    return House(emulator, janitor_of(emulator, tmp_path))
