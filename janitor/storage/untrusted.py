"""Opens files that another user may have created, without waiting, and reads up to a limit.

Journals, plans, reports and results are input. A named pipe or a device in their place must not
block the process, a link must not redirect it, and an endless file must not fill the memory. Only
this module opens such files.

As in :mod:`janitor.storage.atomic`, functions take the kind of error to raise.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from janitor.errors import JanitorError, UsageError
from janitor.storage.atomic import Raised, raising

LARGEST: Final = 512 * 1024 * 1024
"""Bytes that a file may have unless the caller sets another limit."""
_MIB: Final = 1024 * 1024
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def open_untrusted(
    path: str | Path,
    *,
    limit: int = LARGEST,
    follow: bool = False,
    owned: bool = False,
    error: Raised = JanitorError,
) -> BinaryIO:
    """Open a regular file for reading; the call never waits for a writer.

    Args:
        path: The file.
        limit: The most bytes that it may have.
        follow: Whether ``path`` may be a symbolic link: only for a path that the user named.
        owned: Whether the file must belong to the user who runs this process.
        error: The kind of error to raise.

    Raises:
        JanitorError: of the kind given: the file does not exist, it is not a regular file, it is
            larger than the limit, or it belongs to another user.

    """
    with raising(f"cannot read {path}", error):
        # A device is not even opened: that alone can have an effect.
        found = Path(path).stat(follow_symlinks=follow)
        _check(path, found, limit=limit, owned=owned, error=error)
        try:
            handle = os.open(path, _FLAGS if follow else _FLAGS | os.O_NOFOLLOW)
        except OSError as failure:
            if failure.errno == errno.ELOOP:  # it became a link after the check
                raise error(f"cannot read {path}: it is a symbolic link") from failure
            raise
        file = os.fdopen(handle, "rb")
    try:
        _check(path, os.fstat(handle), limit=limit, owned=owned, error=error)
    except BaseException:
        file.close()
        raise
    return file


def read_untrusted(
    path: str | Path,
    *,
    limit: int = LARGEST,
    follow: bool = False,
    owned: bool = False,
    error: Raised = JanitorError,
) -> bytes:
    """Read a regular file whole; see :func:`open_untrusted`.

    Raises:
        JanitorError: of the kind given; also if the file grows beyond the limit meanwhile.

    """
    with (
        raising(f"cannot read {path}", error),
        open_untrusted(path, limit=limit, follow=follow, owned=owned, error=error) as file,
    ):
        data = file.read(limit + 1)
    if len(data) > limit:
        raise error(f"cannot read {path}: it has more than {limit:,} bytes")
    return data


def _check(
    path: str | Path, found: os.stat_result, *, limit: int, owned: bool, error: Raised
) -> None:
    """Refuse what is not a regular file, what is too large, and what is not the user's."""
    if stat.S_ISLNK(found.st_mode):
        raise error(f"cannot read {path}: it is a symbolic link")
    if not stat.S_ISREG(found.st_mode):
        raise error(f"cannot read {path}: it is not a regular file")
    if found.st_size > limit:
        raise error(f"cannot read {path}: it has {found.st_size:,} bytes, more than {limit:,}")
    if owned and found.st_uid != os.geteuid():
        raise error(
            f"cannot read {path}: it belongs to user {found.st_uid}, not to user {os.geteuid()}"
        )


def regular_files(folder: Path, pattern: str) -> Iterator[Path]:
    """The regular files that match a pattern, sorted by path; links are left out, not followed."""
    for path in sorted(folder.glob(pattern)):
        try:
            found = path.lstat()
        except OSError:  # it is gone, or its folder may not be searched
            continue
        if stat.S_ISREG(found.st_mode):
            yield path


def check_private_folder(folder: Path) -> None:
    """Make sure that nobody but the user can put a file into a folder, if the folder exists.

    Raises:
        UsageError: it belongs to another user, others may write to it, or it is not a folder.

    """
    with raising(f"cannot use {folder}", UsageError):
        try:
            found = folder.stat()
        except FileNotFoundError:
            if folder.is_symlink():
                raise UsageError(f"cannot use {folder}: it is a link to nothing") from None
            return
    if not stat.S_ISDIR(found.st_mode):
        raise UsageError(f"cannot use {folder}: it is not a folder")
    if found.st_uid != os.geteuid():
        raise UsageError(
            f"cannot use {folder}: it belongs to user {found.st_uid}, not to user {os.geteuid()};"
            " choose a folder of your own"
        )
    if found.st_mode & _WRITABLE_BY_OTHERS:
        raise UsageError(
            f"cannot use {folder}: other users may write to it; look through its files, then run"
            f" chmod go-w {folder}"
        )


def private_temporary_folder() -> Path:
    """The folder ``janitor-UID`` among the temporary files; it is not made here.

    Raises:
        UsageError: something else has the name: a link, a folder of another user, or one that
            other users may open.

    """
    folder = Path(tempfile.gettempdir()) / f"janitor-{os.geteuid()}"
    with raising(f"cannot use {folder}", UsageError):
        try:
            found = folder.lstat()
        except FileNotFoundError:
            return folder
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.geteuid()
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise UsageError(
            f"cannot use {folder}: it is not a folder that only user {os.geteuid()} can open;"
            " name another with --journal"
        )
    return folder
