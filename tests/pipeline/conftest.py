"""The fixture of the tests of undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.undoing import Undoing
from tests.support.passes import Scene


@pytest.fixture
def undoing(tmp_path: Path) -> Undoing:
    return Undoing(Scene(tmp_path / "journals"))
