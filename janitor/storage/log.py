"""Logs of JSON lines that only grow, and survive a full disk and a killed writer.

As in :mod:`janitor.storage.atomic`, every function takes the kind of error to raise.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from janitor.errors import JanitorError
from janitor.storage import strict_json
from janitor.storage.atomic import Raised, raising, sync_folder
from janitor.storage.untrusted import open_untrusted

LARGEST: Final = 256 * 1024 * 1024
"""Bytes that a log may have; a writer that reaches this must begin another."""
_LARGEST_READ: Final = 2 * LARGEST
"""Larger than any log that was written here, its reserve included."""
_LONGEST_LINE: Final = 64 * 1024 * 1024
HEADROOM: Final = 256 * 1024
"""Bytes of disk that a log reserves, for the records that must still be written when the disk is
full."""


def append_line(path: str | Path, line: str, *, error: Raised = JanitorError) -> None:
    """Append a line to a file that others may be reading; it is on disk on return.

    A last line that is incomplete because its writer died stays a line of its own.

    Raises:
        JanitorError: of the kind given; part of the line may be there.

    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with (
        raising(f"cannot write {path}", error),
        os.fdopen(os.open(path, flags, 0o600), "r+b") as file,
    ):
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        whole = file.read() in {b"", b"\n"}
        text = line if whole else f"\n{line}"
        file.write(text.encode("utf-8", "backslashreplace") + b"\n")
        file.flush()
        os.fsync(file.fileno())


class AppendOnlyLog:
    """A new file of JSON lines that only grows (see :mod:`janitor.storage.strict_json`).

    Safe from many threads.

    When ``append`` returns, the record is on disk, whole, in the file that the path names; when it
    raises, the caller must not act on the record. A file that was deleted, replaced, linked or
    changed by somebody else takes no more records. Some room is reserved ahead of the last record
    (zero bytes at the file's end until it is closed), so that the outcome of what was begun can be
    recorded when the disk is full; a file system that cannot reserve is used without.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        headroom: int = HEADROOM,
        mode: int = 0o600,
        error: Raised = JanitorError,
    ) -> None:
        """Create the file, and its folder (0700) where that is missing.

        Raises:
            JanitorError: of the kind given; the file exists already, or cannot be made.

        """
        self.path = Path(path)
        self._headroom, self._error = headroom, error
        self._lock = threading.Lock()
        self._end = self._reserved = self._size = 0
        self._first = self._last = b""
        self._broken: str | None = None
        self._is_open = True
        with raising(f"cannot create {path}", error):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._handle = os.open(self.path, flags, mode)
        try:
            with raising(f"cannot create {path}", error):
                self._reserve(0)
                os.fsync(self._handle)
                sync_folder(self.path.parent)
        except BaseException:
            os.close(self._handle)
            self.path.unlink()
            raise

    def append(self, record: Mapping[str, Any], *, use_headroom: bool = False) -> None:
        """Write a record at the end and wait until it is on disk.

        ``use_headroom`` is for records that must not be lost, since what they describe has already
        happened; all others leave the reserve as it is.

        Raises:
            JanitorError: of the kind given: the disk is full or failing, the file is not the one
                that this log made or was changed by somebody else, the log has reached its
                largest size, the record cannot be written as JSON, or the log is closed.

        """
        line = self._line(record)
        with self._lock:
            if self._broken:
                raise self._error(f"cannot write {self.path}: {self._broken}")
            self._check_room(len(line), use_headroom=use_headroom)
            self._check()
            with raising(f"cannot write {self.path}", self._error):
                if not use_headroom:
                    self._reserve(len(line))
                try:
                    _write_at(self._handle, line, self._end)
                    os.fsync(self._handle)
                except BaseException:
                    self._take_back()
                    raise
            self._end += len(line)
            self._size, self._last = max(self._size, self._end), line
            self._first = self._first or line
            self._check()  # or the record would be on disk where nobody finds it

    def check(self) -> None:
        """Make sure that the file is still there, and as this log left it.

        Raises:
            JanitorError: of the kind given.

        """
        with self._lock:
            if self._broken:
                raise self._error(f"cannot write {self.path}: {self._broken}")
            self._check()

    def close(self) -> None:
        """Give back what was reserved. A log that is closed takes no more records."""
        with self._lock:
            if not self._is_open:
                return
            intact, self._broken = self._broken is None, _CLOSED
            self._is_open = False
            try:
                if intact:
                    with raising(f"cannot close {self.path}", self._error):
                        os.ftruncate(self._handle, self._end)
                        os.fsync(self._handle)
            finally:
                os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _line(self, record: Mapping[str, Any]) -> bytes:
        try:
            return strict_json.dumps(record).encode("ascii") + b"\n"
        except ValueError as failure:
            raise self._error(f"cannot write {self.path}: {failure}") from failure

    def _check_room(self, coming: int, *, use_headroom: bool) -> None:
        """Refuse what could not be read back."""
        if coming >= _LONGEST_LINE:
            raise self._error(f"cannot write {self.path}: a record of {coming:,} bytes is too long")
        if self._end + coming > LARGEST and not use_headroom:
            raise self._error(f"cannot write {self.path}: it is full ({LARGEST:,} bytes)")

    def _check(self) -> None:
        """Break the log if its file is not as this log left it."""
        try:
            why = self._what_happened()
        except OSError as failure:
            why = failure.strerror or str(failure)
        if why is not None:
            self._broken = why
            raise self._error(f"cannot write {self.path}: {why}")

    def _what_happened(self) -> str | None:
        """What somebody else did to the file, if anything; by its inode, size and ends."""
        ours = os.fstat(self._handle)
        try:
            there = os.stat(self.path)  # noqa: PTH116 - beside fstat it reads better
        except FileNotFoundError:
            return "it was deleted or moved while it was written"
        if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            return "another file took its place while it was written"
        if ours.st_nlink != 1:
            return "it was given a second name (a hard link) while it was written"
        if ours.st_size != self._size:
            return (
                f"another process changed it: it has {ours.st_size:,} bytes instead of"
                f" {self._size:,}"
            )
        first = os.pread(self._handle, len(self._first), 0)
        last = os.pread(self._handle, len(self._last), self._end - len(self._last))
        intact = (first, last) == (self._first, self._last)
        return None if intact else "another process changed it: it does not hold what was written"

    def _reserve(self, coming: int) -> None:
        """Hold room for a record to come and the headroom after it."""
        needed = self._end + coming + self._headroom
        if not self._headroom or needed <= self._reserved:
            return
        try:
            os.posix_fallocate(self._handle, self._end, needed + self._headroom - self._end)
        except OSError as failure:
            self._size = os.fstat(self._handle).st_size  # part of it may have been reserved
            if failure.errno not in {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}:
                raise
            self._headroom = 0
        self._reserved = needed + self._headroom
        if self._headroom:
            self._size = max(self._size, self._reserved)

    def _take_back(self) -> None:
        """Remove what a failed write may have left; a log that cannot even do that is given up."""
        try:
            os.ftruncate(self._handle, self._end)
        except OSError as failure:
            self._broken = f"an earlier write failed ({failure.strerror})"
        self._reserved = self._size = self._end


_CLOSED: Final = "it is closed"


@dataclass(frozen=True, slots=True)
class LoggedRecords:
    """What a log holds."""

    records: tuple[Mapping[str, Any], ...]
    torn: bool
    """Whether the last record is incomplete: nobody acted on it, so it is left out."""


def read_log(
    path: str | Path,
    *,
    follow: bool = False,
    owned: bool = False,
    error: Raised = JanitorError,
) -> LoggedRecords:
    """Read a log back, also one whose writer was killed.

    ``follow`` and ``owned`` are those of :func:`~janitor.storage.untrusted.open_untrusted`.

    Raises:
        JanitorError: of the kind given: the file cannot be read, or a line other than the last
            is not a record.

    """
    records: list[Mapping[str, Any]] = []
    number, is_bad = 0, False
    with (
        raising(f"cannot read {path}", error),
        open_untrusted(path, limit=_LARGEST_READ, follow=follow, owned=owned, error=error) as file,
    ):
        while (line := file.readline(_LONGEST_LINE)).endswith(b"\n"):
            if is_bad:
                raise error(f"cannot read {path}: line {number} is not a record")
            number += 1
            record = _record(line)
            if record is None:
                is_bad = True  # the last line may be: its writer was killed
            else:
                records.append(record)
        if len(line) == _LONGEST_LINE:
            raise error(f"cannot read {path}: line {number + 1} is too long")
    unfinished = line.rstrip(b"\0")
    if is_bad and unfinished:
        raise error(f"cannot read {path}: line {number} is not a record")
    return LoggedRecords(tuple(records), torn=is_bad or bool(unfinished))


def _record(line: bytes) -> Mapping[str, Any] | None:
    try:
        value = strict_json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _write_at(handle: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(handle, data, offset)
        data, offset = data[written:], offset + written
