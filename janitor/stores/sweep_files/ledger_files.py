"""A ledger as numbered files: an entry is a compare-and-set on the whole sweep."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from janitor.errors import NewerLedgerError, StateFileError
from janitor.model.ledger_items import LedgerEntry
from janitor.records.sweep import dump_entry, parse_entry
from janitor.storage.atomic import write_once
from janitor.storage.untrusted import read_untrusted

_ENDING: Final = ".json"
_LARGEST: Final = 64 * 1024 * 1024
_MOST_KEPT: Final = 100_000
"""Parsed entries that a process keeps."""


@lru_cache(_MOST_KEPT)
def _parsed(path: Path, *signature: int) -> LedgerEntry:  # noqa: ARG001 - another file has another one
    """The entry in a file; the controller and the pass of one process parse it once."""
    return parse_entry(read_untrusted(path, limit=_LARGEST, error=StateFileError))


class LedgerFiles:
    """The entries of one ledger, read once each: they never change.

    Args:
        folder: Holds ``000001.json`` and so on.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: list[LedgerEntry] = []

    def entries(self, after: int = 0) -> Sequence[LedgerEntry]:
        """The entries after this number.

        Raises:
            StateFileError: one is damaged or missing, or is of a newer version.

        """
        last = self.last_number()
        if last < len(self._known):
            raise StateFileError(
                f"{self._folder} lost entries: {last} is the last one, and there were"
                f" {len(self._known)}"
            )
        for number in range(len(self._known) + 1, last + 1):
            self._known.append(self._read(number))
        return self._known[after:]

    def last_number(self) -> int:
        """The number of the last entry; 0 if there is none."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise StateFileError(f"cannot read {self._folder}: {error.strerror}") from error
        stems = (name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))
        return max((int(stem) for stem in stems if stem.isdecimal()), default=0)

    def append(self, entry: LedgerEntry) -> bool:
        """Append an entry; False if another writer has used its number.

        Raises:
            StateFileError: it cannot be written, or leaves a gap.

        """
        if entry.number > 1 and not self._path(entry.number - 1).exists():
            raise StateFileError(
                f"{self._folder} has no entry {entry.number - 1}, so it cannot get {entry.number}"
            )
        path = self._path(entry.number)
        try:
            text = dump_entry(entry)
        except ValueError as error:
            raise StateFileError(f"cannot write {path}: {error}") from error
        if write_once(path, text, mode=0o644, error=StateFileError):
            return True
        return self._read(entry.number).nonce == entry.nonce

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}{_ENDING}"

    def _read(self, number: int) -> LedgerEntry:
        path = self._path(number)
        try:
            status = path.stat(follow_symlinks=False)
            entry = _parsed(path, status.st_ino, status.st_mtime_ns, status.st_size)
        except FileNotFoundError:
            raise StateFileError(
                f"the ledger entry {path} is missing, and there is a later one: restore it from a"
                " backup"
            ) from None
        except OSError as error:
            raise StateFileError(f"cannot read {path}: {error.strerror}") from error
        except NewerLedgerError as error:
            raise NewerLedgerError(f"{path}: {error}") from error
        except ValueError as error:
            raise StateFileError(
                f"the ledger entry {path} is damaged: {error}; restore it from a backup"
            ) from error
        if entry.number != number:
            raise StateFileError(
                f"the ledger entry {path} has the number {entry.number} inside: restore it from a"
                " backup"
            )
        return entry
