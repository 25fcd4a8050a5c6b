"""Files of local state that survive damage: there is a last good copy, and a damaged file is kept.

Writing goes through :func:`janitor.storage.atomic.write_atomically`, so only others can damage a
file: a failing disk, an editor, an interrupted copy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Generic, TypeVar

from janitor.errors import StateFileError
from janitor.storage.atomic import write_atomically
from janitor.storage.untrusted import read_untrusted

_Value = TypeVar("_Value")

BACKUP: Final = ".bak"
CORRUPT: Final = ".corrupt-"


def write_keeping(path: Path, text: str | bytes) -> None:
    """Write the file durably and keep the one that it replaces, which was just read completely.

    Call it under the file's lock.

    Raises:
        StateFileError: nothing was written.

    """
    keep_copy(path, path.with_name(path.name + BACKUP))
    write_atomically(path, text, error=StateFileError)


def keep_copy(path: Path, copy: Path) -> None:
    """Give the file a second name, in place of an earlier copy; without a file there is no copy.

    The file itself stays in place at every moment: others may be reading it.

    Raises:
        StateFileError: it could not be done.

    """
    passing = copy.with_name(f".{copy.name}.{os.getpid()}.tmp")
    try:
        with suppress(FileNotFoundError):
            passing.unlink()
        try:
            os.link(path, passing)
        except FileNotFoundError:
            return
        except OSError:  # a file system without second names
            write_atomically(copy, read_untrusted(path, error=StateFileError), error=StateFileError)
            return
        passing.replace(copy)
    except OSError as error:
        raise StateFileError(f"cannot keep a copy of {path}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Rescued(Generic[_Value]):
    """The result of the rescue of a damaged file."""

    value: _Value | None
    """The content of the last good copy; None if there is none."""
    message: str
    """What happened, as a sentence."""


def rescue(path: Path, parse: Callable[[bytes], _Value], why: str, at: datetime) -> Rescued[_Value]:
    """Set a damaged file aside and put its last good copy in its place. Under the file's lock.

    Args:
        path: The damaged file.
        parse: Reads the copy; raises ValueError if the copy is damaged, too.
        why: What is wrong with the file.
        at: The present time, for the name under which the file is kept.

    Raises:
        StateFileError: the folder cannot be written.

    """
    aside = path.with_name(f"{path.name}{CORRUPT}{at:%Y%m%dT%H%M%S%fZ}")
    value, data = _good_copy(path, parse)
    damage = f"{path} is damaged ({why}); it is kept as {aside.name}"
    if data is None:
        try:
            path.replace(aside)
        except OSError as error:
            raise StateFileError(
                f"{path} is damaged ({why}) and cannot be set aside: {error}"
            ) from error
        return Rescued(None, f"{damage}, and it has no good copy")
    keep_copy(path, aside)
    write_atomically(path, data, error=StateFileError)
    return Rescued(value, f"{damage}, and its last good copy is used")


def last_good(path: Path, parse: Callable[[bytes], _Value]) -> _Value | None:
    """The content of the last good copy of a file, if there is one; nothing is written."""
    return _good_copy(path, parse)[0]


def _good_copy(path: Path, parse: Callable[[bytes], _Value]) -> tuple[_Value | None, bytes | None]:
    try:
        data = read_untrusted(path.with_name(path.name + BACKUP), error=StateFileError)
    except StateFileError:
        return None, None
    try:
        return parse(data), data
    except ValueError:
        return None, None
