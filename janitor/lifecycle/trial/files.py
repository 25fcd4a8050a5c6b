"""The files of an attempt's folder, as its worker writes them."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

VERSION: Final = 1
_NOT_FINITE: Final = ("NaN", "Infinity", "-Infinity")
_encode: Final = json.JSONEncoder(default=str).encode
_torn: set[int] = set()
"""Open files of reports whose last line was cut short by a full disk: the next one begins a line of
its own."""
_RESERVED: Final = 256 * 1024
"""Bytes of disk kept for the exit marker, so that it can be written when the disk is full."""


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file; None if there is none, or it cannot be read."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def plain(value: Any) -> Any:
    """A number as JSON has it: NaN and infinity are texts. Tensors and the like become numbers."""
    if not isinstance(value, str | int | float | dict | list | None):
        try:
            value = float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def write_once(path: Path, document: Mapping[str, Any]) -> bool:
    """Write a file durably, if it does not exist; False if it does.

    It is complete as soon as it can be read: link(2) gives it its name.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(aside, document)
        os.link(aside, path)
    except FileExistsError:
        return False
    finally:
        aside.unlink(missing_ok=True)
    _sync(path.parent)
    return True


def replace(path: Path, document: Mapping[str, Any]) -> None:
    """Replace a file; others read the old or the new one. Not durable."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps({"version": VERSION, **document}) + "\n", encoding="utf-8")
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def say(sentence: str) -> None:
    """Tell a sentence on stderr, which may be a file on a full disk: then nothing is told."""
    with contextlib.suppress(OSError):
        os.write(2, f"{sentence}\n".encode(errors="replace"))


class Marker:
    """The exit marker. Its room on the disk is reserved when the job starts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path.with_name(f".{path.name}.{os.getpid()}")
        self._handle = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with contextlib.suppress(OSError):  # a file system that cannot reserve is used without
            os.posix_fallocate(self._handle, 0, _RESERVED)

    def write(self, document: Mapping[str, Any]) -> None:
        """Write the marker durably."""
        data = _encoded(document)
        if len(data) > _RESERVED:
            data = _encoded({**document, "summary": {}})
        _write_all(self._handle, data)
        os.ftruncate(self._handle, len(data))
        os.fsync(self._handle)
        with contextlib.suppress(FileExistsError):
            os.link(self._aside, self._path)
        _sync(self._path.parent)

    def discard(self) -> None:
        """Give back what was reserved."""
        os.close(self._handle)
        self._aside.unlink(missing_ok=True)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        _write_all(handle, _encoded(document))
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    """Write from the beginning of the file; a nearly full disk takes less than all at once."""
    done = 0
    while done < len(data):
        done += os.pwrite(handle, data[done:], done)


def _encoded(document: Mapping[str, Any]) -> bytes:
    return (json.dumps({"version": VERSION, **document}, default=str) + "\n").encode()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def append_report(handle: int, step: float | None, metrics: Mapping[str, Any], at: float) -> None:
    """Append one report in one write, so that a kill loses nothing that was reported."""
    values = {name: plain(value) for name, value in metrics.items()}
    number = plain(step)
    number = None if isinstance(number, str) and number not in _NOT_FINITE else number
    data = f"{_encode({'step': number, 'at': at, 'metrics': values})}\n".encode()
    if handle in _torn:
        data = b"\n" + data
    _torn.add(handle)
    if os.write(handle, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    _torn.discard(handle)


def open_reports(folder: Path) -> int:
    """Open the reports for appending. A torn last line, of a writer that died, is closed first."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    handle = os.open(folder / "metrics.jsonl", flags, 0o644)
    _torn.discard(handle)
    end = os.lseek(handle, 0, os.SEEK_END)
    if end and os.pread(handle, 1, end - 1) != b"\n":
        os.write(handle, b"\n")
    return handle
