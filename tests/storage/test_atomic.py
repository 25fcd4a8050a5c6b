from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from janitor.errors import ReportError, UsageError
from janitor.storage.atomic import check_writable, write_atomically
from tests.support.full_disk import run_with_file_size_limit


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- files ---------------------------------------------------------------------------------


def test_a_file_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, "größer \N{SNOWMAN}")
    assert path.read_text(encoding="utf-8") == "größer \N{SNOWMAN}"
    assert mode_of(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_open_to_others_is_not_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    path.chmod(0o644)
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert mode_of(path) == 0o600


def test_half_a_surrogate_pair_does_not_stop_the_writer(tmp_path: Path) -> None:
    write_atomically(tmp_path / "report.md", "name \ud800")
    assert (tmp_path / "report.md").read_text() == "name \\ud800"


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "passes").mkdir()
    link = tmp_path / "latest.json"
    link.symlink_to("passes/1.json")
    write_atomically(link, "text")
    assert link.is_symlink()
    assert (tmp_path / "passes" / "1.json").read_text() == "text"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    said = run_with_file_size_limit(
        1000,
        """
        try:
            write_atomically(path, "x" * 5000)
        except JanitorError as error:
            print(error)
        """,
        path,
    )
    assert f"cannot write {path}: File too large" in said
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_whatever_the_path_is_the_error_is_one_sentence_of_the_kind_asked_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe.json")
    bad = [
        tmp_path,
        tmp_path / "none" / "report.json",
        tmp_path / "file" / "report.json",
        tmp_path / "pipe.json",
        tmp_path / ("x" * 300 + ".json"),
        Path("/dev/null"),
        Path("/proc/report.json"),
    ]
    before = sorted(tmp_path.iterdir())
    for path in bad:
        with pytest.raises(ReportError, match="cannot write") as raised:
            write_atomically(path, "text", error=ReportError)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)
    assert sorted(tmp_path.iterdir()) == before


# ---- the check before any work --------------------------------------------------------------


def test_a_writable_path_passes_the_check_and_nothing_is_left_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "report.json").write_text("old")
    check_writable(tmp_path / "report.json")
    assert (tmp_path / "report.json").read_text() == "old"


def test_a_path_that_cannot_be_written_is_bad_usage(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "r.json", Path("/dev/null"), Path("/proc/r.json")):
        with pytest.raises(UsageError, match="cannot write") as raised:
            check_writable(path)
        assert str(path) in str(raised.value)


def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=f"the folder {tmp_path}/none does not exist; make it first"
    ):
        check_writable(tmp_path / "none" / "report.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_bad_usage(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Permission denied"):
        check_writable(tmp_path / "report.json")
    tmp_path.chmod(0o700)
