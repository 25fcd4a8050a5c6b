"""What the tests of sweeps share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sweep.shell import EXAMPLES, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    return Shell(tmp_path)
