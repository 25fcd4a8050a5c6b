"""A log whose file somebody else touches takes no more records."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from janitor.errors import JanitorError, JournalError
from janitor.storage import log as logs
from janitor.storage.log import HEADROOM, AppendOnlyLog, read_log


def _delete(path: Path) -> None:
    path.unlink()


def _delete_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


def _move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


def _replace_by_link(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(copy)


def _link(path: Path) -> None:
    path.with_name("second").hardlink_to(path)


def _truncate(path: Path) -> None:
    os.truncate(path, 0)


def _truncate_and_extend(path: Path) -> None:
    size = path.stat().st_size
    os.truncate(path, 0)
    os.truncate(path, size)


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"{}\n")


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b'{"n": 9}')


TOUCHES: list[tuple[Callable[[Path], None], str]] = [
    (_delete, "deleted or moved"),
    (_delete_folder, "deleted or moved"),
    (_move_folder, "deleted or moved"),
    (_replace, "another file took its place"),
    (_replace_by_link, "another file took its place"),
    (_link, "hard link"),
    (_truncate, "another process changed it: it has 0 bytes instead of"),
    (_truncate_and_extend, "another process changed it: it does not hold what was written"),
    (_grow, "another process changed it"),
    (_overwrite, "another process changed it: it does not hold what was written"),
]


@pytest.mark.parametrize("headroom", [0, HEADROOM])
@pytest.mark.parametrize(("touch", "told"), TOUCHES, ids=[touch.__name__ for touch, _ in TOUCHES])
def test_a_log_that_somebody_else_touches_takes_no_more_records(
    tmp_path: Path, touch: Callable[[Path], None], told: str, headroom: int
) -> None:
    path = tmp_path / "logs" / "log"
    log = AppendOnlyLog(path, headroom=headroom, error=JournalError)
    log.append({"n": 1})
    log.check()
    touch(path)
    with pytest.raises(JournalError, match=told):
        log.append({"n": 2})
    with pytest.raises(JournalError, match=told):
        log.check()
    with pytest.raises(JournalError, match=told):
        log.append({"outcome": 1}, use_headroom=True)
    log.close()
    if path.exists():
        assert b'"n": 2' not in path.read_bytes()


def test_a_log_that_is_deleted_while_a_record_is_written_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AppendOnlyLog(tmp_path / "log", error=JournalError)
    log.append({"n": 1})
    sync = os.fsync

    def sync_and_delete(handle: int) -> None:
        sync(handle)
        log.path.unlink()

    monkeypatch.setattr(os, "fsync", sync_and_delete)
    with pytest.raises(JournalError, match="deleted or moved"):
        log.append({"n": 2})
    monkeypatch.undo()
    log.close()


def test_a_log_never_outgrows_what_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LARGEST", 1000)
    monkeypatch.setattr(logs, "_LARGEST_READ", 2000)
    monkeypatch.setattr(logs, "_LONGEST_LINE", 600)
    with AppendOnlyLog(tmp_path / "log", headroom=0) as log:
        with pytest.raises(JanitorError, match=r"a record of 1,0.. bytes is too long"):
            log.append({"text": "x" * 1000})
        log.append({"text": "x" * 500})
        with pytest.raises(JanitorError, match="it is full"):
            log.append({"text": "x" * 500})
        log.append({"outcome": "x" * 500}, use_headroom=True)
    assert len(read_log(tmp_path / "log").records) == 2
    (tmp_path / "log").write_bytes(b"x" * 2001)
    with pytest.raises(JanitorError, match="more than 2,000"):
        read_log(tmp_path / "log")
    (tmp_path / "log").write_bytes(b"x" * 700)
    with pytest.raises(JanitorError, match="line 1 is too long"):
        read_log(tmp_path / "log")
