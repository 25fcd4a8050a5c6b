from __future__ import annotations

from pathlib import Path

import pytest

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor, janitor_of


@pytest.fixture
def janitor(emulator: Emulator, tmp_path: Path) -> Janitor:
    """The command line, whose server is the emulator."""
    return janitor_of(emulator, tmp_path)
