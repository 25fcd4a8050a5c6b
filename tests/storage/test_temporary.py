from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from janitor.storage.temporary import TemporaryFolder

KEEP_ONE = """
import sys, tempfile
from janitor.storage.temporary import TemporaryFolder
tempfile.tempdir = sys.argv[1]
folder = TemporaryFolder("janitor-")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def make_old(folder: Path) -> None:
    os.utime(folder, (1, 1))


def test_a_folder_is_removed_with_all_that_is_in_it(place: Path) -> None:
    with TemporaryFolder("janitor-") as folder:
        (folder.path / "deep").mkdir()
        (folder.path / "deep" / "file").touch()
    assert list(place.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(
    place: Path,
) -> None:
    command = [sys.executable, "-c", KEEP_ONE, str(place)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().decode().strip())
        make_old(left)
        with TemporaryFolder("janitor-"):
            assert left.is_dir()
        other.kill()
        other.wait()
        with TemporaryFolder("janitor-"):
            assert not left.exists()


def test_folders_that_are_new_or_not_of_this_kind_stay(place: Path) -> None:
    new, foreign = place / "janitor-new", place / "janitor-notes"
    for folder in (new, foreign):
        folder.mkdir()
    (new / ".in-use").touch()
    (place / "janitor-link").symlink_to(new)
    make_old(foreign)
    with TemporaryFolder("janitor-"):
        assert {new, foreign} <= set(place.iterdir())
    assert (place / "janitor-link").is_symlink()
