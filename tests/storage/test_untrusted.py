"""Files that somebody else may have put there: read, or refused at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from janitor.errors import ReportError, UsageError
from janitor.storage import untrusted
from janitor.storage.untrusted import (
    check_private_folder,
    private_temporary_folder,
    read_untrusted,
    regular_files,
)

SOMEBODY = 23456
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    assert read_untrusted(tmp_path / "file", owned=True) == b"text"


def _missing(path: Path) -> None:
    assert not path.exists()


def _link(path: Path) -> None:
    path.with_name("target").write_bytes(b"text")
    path.symlink_to("target")


def _link_to_zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _too_large(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


ODD: list[tuple[Callable[[Path], None], str]] = [
    (_missing, "No such file"),
    (os.mkfifo, "it is not a regular file"),
    (Path.mkdir, "it is not a regular file"),
    (_link, "it is a symbolic link"),
    (_link_to_zero, "it is a symbolic link"),
    (_too_large, "it has 1,099,511,627,776 bytes, more than"),
]


@pytest.mark.parametrize(("make", "told"), ODD, ids=[make.__name__ for make, _ in ODD])
def test_anything_else_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], None], told: str
) -> None:
    make(tmp_path / "odd")
    with pytest.raises(ReportError, match=f"cannot read {tmp_path / 'odd'}: {told}"):
        read_untrusted(tmp_path / "odd", error=ReportError)


def test_a_device_without_end_is_refused() -> None:
    with pytest.raises(ReportError, match="cannot read /dev/zero: it is not a regular file"):
        read_untrusted("/dev/zero", follow=True, error=ReportError)


def test_a_link_that_the_user_named_is_followed_but_not_to_a_pipe(tmp_path: Path) -> None:
    _link(tmp_path / "link")
    assert read_untrusted(tmp_path / "link", follow=True) == b"text"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to a pipe").symlink_to("pipe")
    with pytest.raises(ReportError, match="it is not a regular file"):
        read_untrusted(tmp_path / "to a pipe", follow=True, error=ReportError)


def test_a_file_that_becomes_a_pipe_or_a_link_after_the_check_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    opened = os.open
    for make, told in ((os.mkfifo, "not a regular file"), (_link, "a symbolic link")):
        path.write_bytes(b"")

        def swap(name: Path, flags: int, make: Callable[[Path], None] = make) -> int:
            path.unlink()
            make(path)
            return opened(name, flags)

        with monkeypatch.context() as patched:
            patched.setattr(os, "open", swap)
            with pytest.raises(ReportError, match=told):
                read_untrusted(path, error=ReportError)
        path.unlink()


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    untrusted.open_untrusted(path, limit=4).close()
    read = untrusted.open_untrusted

    def open_and_grow(*given: Any, **limits: Any) -> BinaryIO:
        file = read(*given, **limits)
        os.truncate(path, 100)
        return file

    monkeypatch.setattr(untrusted, "open_untrusted", open_and_grow)
    with pytest.raises(ReportError, match="more than 4"):
        read_untrusted(path, limit=4, error=ReportError)


@as_root
def test_a_file_of_another_user_is_refused_where_it_must_be_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    os.chown(tmp_path / "file", SOMEBODY, SOMEBODY)
    assert read_untrusted(tmp_path / "file") == b"text"
    with pytest.raises(ReportError, match="belongs to user 23456, not to user 0"):
        read_untrusted(tmp_path / "file", owned=True, error=ReportError)


def test_only_regular_files_of_a_folder_are_listed(tmp_path: Path) -> None:
    (tmp_path / "b.json").touch()
    (tmp_path / "a.json").touch()
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to("a.json")
    (tmp_path / "none.json").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe.json")
    assert [path.name for path in regular_files(tmp_path, "*.json")] == ["a.json", "b.json"]


# ---- folders --------------------------------------------------------------------------------


def test_a_folder_of_ones_own_and_one_that_is_not_there_are_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    check_private_folder(tmp_path)
    check_private_folder(tmp_path / "none")


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o1777, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(UsageError, match=r"other users may write to it.*chmod go-w"):
        check_private_folder(tmp_path / "open")


@pytest.mark.parametrize(
    ("make", "told"),
    [(Path.touch, "not a folder"), (lambda path: path.symlink_to("gone"), "a link to nothing")],
)
def test_what_is_not_a_folder_is_refused(
    tmp_path: Path, make: Callable[[Path], None], told: str
) -> None:
    make(tmp_path / "odd")
    with pytest.raises(UsageError, match=told):
        check_private_folder(tmp_path / "odd")


@as_root
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    with pytest.raises(UsageError, match="it belongs to user 23456"):
        check_private_folder(tmp_path)


def test_the_private_folder_among_temporary_files_names_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = private_temporary_folder()
    assert folder == tmp_path / f"janitor-{os.geteuid()}"
    assert not folder.exists()
    folder.mkdir(mode=0o700)
    assert private_temporary_folder() == folder


@pytest.mark.parametrize("odd", ["link", "file", "open", "foreign"])
def test_what_others_put_in_its_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = private_temporary_folder()
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    match odd:
        case "link":
            folder.symlink_to(other)
        case "file":
            folder.touch()
        case "open":
            folder.mkdir(mode=0o755)
        case _ if os.geteuid() != 0:
            pytest.skip("only root can give folders away")
        case _:
            folder.mkdir(mode=0o700)
            os.chown(folder, SOMEBODY, SOMEBODY)
    with pytest.raises(UsageError, match="name another with --journal"):
        private_temporary_folder()
    assert stat.S_IMODE(other.stat().st_mode) == 0o700
