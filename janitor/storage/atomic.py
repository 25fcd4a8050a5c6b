"""Files that are written whole or not at all; the one place that replaces files on disk.

Every function takes the kind of error to raise, so that users read about their report or their
journal, not about a system call.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from janitor.errors import JanitorError, UsageError

Raised = Callable[[str], JanitorError]


def write_atomically(
    path: str | Path, text: str | bytes, *, mode: int = 0o600, error: Raised = JanitorError
) -> None:
    r"""Write the text to the path, in UTF-8: all of it is there afterwards, or nothing has changed.

    Through a temporary file beside it, fsync, rename, and fsync of the folder. A symbolic link
    is followed. Half a surrogate pair becomes ``\ud800``. Bytes are written as they are.

    Raises:
        JanitorError: of the kind given; nothing was left behind.

    """
    place = _regular(path, error)
    with raising(f"cannot write {path}", error), _written_aside(place, text, mode) as temporary:
        os.replace(temporary, place)  # noqa: PTH105 - beside the other calls to os it reads better
        sync_folder(place.parent)


@contextlib.contextmanager
def writing_atomically(
    path: str | Path, *, mode: int = 0o600, error: Raised = JanitorError
) -> Iterator[BinaryIO]:
    """A file for data that is too large for the memory; it gets its name when the block ends well.

    Raises:
        JanitorError: of the kind given; nothing was left behind, and nothing has changed.

    """
    place = _regular(path, error)
    with raising(f"cannot write {path}", error):
        handle, temporary = tempfile.mkstemp(".tmp", f".{place.name[:40]}.", place.parent)
    try:
        with raising(f"cannot write {path}", error):
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.replace(temporary, place)  # noqa: PTH105 - beside the other calls to os it reads better
            sync_folder(place.parent)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 - beside the other calls to os it reads better


def write_once(
    path: str | Path, text: str | bytes, *, mode: int = 0o600, error: Raised = JanitorError
) -> bool:
    """Write a file that does not exist yet; False, and nothing has changed, if it does.

    The file is complete and durable as soon as it can be read: it is written aside, fsynced, and
    gets its name by link(2), which fails if the name is taken. So of several writers one succeeds.

    Raises:
        JanitorError: of the kind given; nothing was left behind.

    """
    place = Path(path)
    with raising(f"cannot write {path}", error), _written_aside(place, text, mode) as temporary:
        try:
            os.link(temporary, place)
        except FileExistsError:
            return False
        sync_folder(place.parent)
        return True


@contextlib.contextmanager
def _written_aside(place: Path, text: str | bytes, mode: int) -> Iterator[str]:
    """A durable temporary file beside the place; removed at the end, if it is still there."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    handle, temporary = tempfile.mkstemp(".tmp", f".{place.name[:40]}.", place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 - beside the other calls to os it reads better


def make_folder(path: Path, *, error: Raised = JanitorError) -> None:
    """Make a folder (0700), and those above it, where it is missing.

    Raises:
        JanitorError: of the kind given.

    """
    with raising(f"cannot make the folder {path}", error):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_writable(path: str | Path, *, error: Raised = UsageError) -> None:
    """Make sure, before any work is done, that ``write_atomically`` can succeed here.

    The folder must exist: a misspelled one is an error, and is not made. Nothing is left behind.

    Raises:
        JanitorError: of the kind given, with the reason.

    """
    place = _regular(path, error)
    if not place.parent.is_dir():
        raise error(f"cannot write {path}: the folder {place.parent} does not exist; make it first")
    with raising(f"cannot write {path}", error), tempfile.TemporaryFile(dir=place.parent):
        pass


def _regular(path: str | Path, error: Raised) -> Path:
    """Where the path leads. Renaming onto a device or a folder would be a disaster or fail late."""
    with raising(f"cannot write {path}", error):
        place = Path(os.path.realpath(path))
        if place.is_dir():
            raise error(f"cannot write {path}: it is a folder")
        if place.exists() and not place.is_file():
            raise error(f"cannot write {path}: it is not a regular file")
    return place


def sync_folder(folder: Path) -> None:
    """Make sure that the names of a folder's files are on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as failure:
        if failure.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:  # it has no folders to sync
            raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def raising(what: str, error: Raised) -> Iterator[None]:
    """Turn an error of the system into a sentence of the caller's kind."""
    try:
        yield
    except OSError as failure:
        raise error(f"{what}: {failure.strerror or failure}") from failure
