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
from janitor.storage.atomic import Raised, sync_folder, told

HEADROOM: Final = 256 * 1024
"""Bytes of disk that a log holds in reserve, for the records that must still be written when the
disk is full."""


def append_line(path: str | Path, line: str, *, error: Raised = JanitorError) -> None:
    """Put a line at the end of a file that others may be reading; it is on disk on return.

    A last line that was torn, when whoever wrote it died, stays a line of its own.

    Raises:
        JanitorError: of the kind given; part of the line may be there.

    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with (
        told(f"cannot write {path}", error),
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

    When ``append`` returns, the record is on disk, whole; when it raises, the record is not there
    and the caller must not act on it. Some room is reserved ahead of the last record (zero bytes
    at the file's end until it is closed), so that the outcome of what was begun can be recorded
    when the disk is full; a file system that cannot reserve is used without.
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
        self._end = self._reserved = 0
        self._broken: str | None = None
        with told(f"cannot create {path}", error):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._handle = os.open(self.path, flags, mode)
        try:
            with told(f"cannot create {path}", error):
                self._reserve(0)
                os.fsync(self._handle)
                sync_folder(self.path.parent)
        except BaseException:
            os.close(self._handle)
            self.path.unlink()
            raise

    def append(self, record: Mapping[str, Any], *, use_headroom: bool = False) -> None:
        """Put a record at the end and see it safely to disk.

        ``use_headroom`` is for records that must not be lost, since what they tell has already
        happened; all others leave the reserve as it is.

        Raises:
            JanitorError: of the kind given: the disk is full or failing, the record cannot be
                written as JSON, or the log is closed.

        """
        line = self._line(record)
        with self._lock:
            if self._broken:
                raise self._error(f"cannot write {self.path}: {self._broken}")
            with told(f"cannot write {self.path}", self._error):
                if not use_headroom:
                    self._reserve(len(line))
                try:
                    _write_at(self._handle, line, self._end)
                    os.fsync(self._handle)
                except BaseException:
                    self._take_back()
                    raise
            self._end += len(line)

    def close(self) -> None:
        """Give back what was reserved. A log that is closed takes no more records."""
        with self._lock:
            if self._broken == _CLOSED:
                return
            self._broken = _CLOSED
            try:
                with told(f"cannot close {self.path}", self._error):
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

    def _reserve(self, coming: int) -> None:
        """Hold room for a record to come and the headroom after it."""
        needed = self._end + coming + self._headroom
        if not self._headroom or needed <= self._reserved:
            return
        try:
            os.posix_fallocate(self._handle, self._end, needed + self._headroom - self._end)
        except OSError as failure:
            if failure.errno not in {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}:
                raise
            self._headroom = 0
        self._reserved = needed + self._headroom

    def _take_back(self) -> None:
        """Wipe what a failed write may have left; a log that cannot even do that is given up."""
        try:
            os.ftruncate(self._handle, self._end)
        except OSError as failure:
            self._broken = f"an earlier write failed ({failure.strerror})"
        self._reserved = self._end


_CLOSED: Final = "it is closed"


@dataclass(frozen=True, slots=True)
class LoggedRecords:
    """What a log holds."""

    records: tuple[Mapping[str, Any], ...]
    torn: bool
    """Whether a last record was begun and not finished: nobody acted on it, so it is left out."""


def read_log(path: str | Path, *, error: Raised = JanitorError) -> LoggedRecords:
    """Read a log back, also one whose writer was killed.

    Raises:
        JanitorError: of the kind given: the file cannot be read, or a line other than the last
            is no record.

    """
    with told(f"cannot read {path}", error):
        lines = Path(path).read_bytes().rstrip(b"\0").split(b"\n")
    unfinished = lines.pop()
    records: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        record = _record(line)
        if record is None and number == len(lines) and not unfinished:
            return LoggedRecords(tuple(records), torn=True)
        if record is None:
            raise error(f"cannot read {path}: line {number} is no record of a log")
        records.append(record)
    return LoggedRecords(tuple(records), torn=bool(unfinished))


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
