"""FileHold: the right to manage a state file, for as long as a process does so."""

from __future__ import annotations

import json
import os
import weakref
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from pydantic import ValidationError

from janitor.errors import HeldError, JanitorError, StateFileError
from janitor.model import Liveness
from janitor.runtime.processes import ProcessIdentity, this_process
from janitor.storage.atomic import make_folder, write_atomically
from janitor.storage.locks import SystemLock, file_identity
from janitor.storage.untrusted import read_untrusted

_LARGEST_NOTE: Final = 64 * 1024
"""Bytes."""


class FileHold:
    """The exclusive right to write a file, for as long as its owner lives.

    A note beside the file names the owner. On a shared file system the lock works across machines
    if the file system's locks do. If they do not, the note itself counts as long as its owner
    renews it. The note also counts if somebody removed the lock file. For many threads: any of
    them may release the hold.

    Args:
        path: The file, by any of its names. It need not exist.
        renewed_within: Seconds within which the owner calls :meth:`renew`; None if it does not.

    """

    def __init__(self, path: Path, renewed_within: float | None = None) -> None:
        self._path = place = _place(path)
        self._renewed_within = renewed_within
        self._lock = SystemLock(place.with_name(f".{place.name}.lock"))
        self._taken: list[Path] = []
        # An owner that is dropped without being released must not seem to be at work.
        weakref.finalize(self, _let_go, self._taken).atexit = False

    @property
    def is_held(self) -> bool:
        """Whether this object holds the file."""
        return self._lock.is_held

    def acquire(self) -> None:
        """Take the hold.

        Raises:
            HeldError: another process has it, or the file has other names.
            StateFileError: the lock file cannot be made.

        """
        make_folder(self._path.parent, error=StateFileError)
        try:
            if not self._lock.acquire():
                raise HeldError(f"{self._path} is held by {_who(self._path)}: stop it first")
        except OSError as error:
            raise StateFileError(f"cannot lock {self._path}: {error.strerror or error}") from error
        since = {"since": datetime.now(UTC).isoformat()}  # for people; nothing is judged by it
        text = json.dumps(this_process().model_dump() | since)
        try:
            _refuse_other_names(self._path)
            self._refuse_if_owned()
            write_atomically(_note(self._path), text + "\n", error=StateFileError)
        except BaseException:
            self._lock.release()
            raise
        _HELD_HERE.add(self._path)
        self._taken.append(self._path)

    def check(self) -> None:
        """Make sure, before each write, that no other process can hold the file.

        Raises:
            HeldError: the hold was released, or its lock file was removed or replaced.

        """
        if not self.is_held:
            raise HeldError(f"{self._path} was released: nothing more is written to it")
        if not self._lock.is_in_place:
            raise HeldError(
                f"the lock file {self._lock.path} was removed or replaced, so another process may"
                f" manage {self._path}: nothing more is written; stop this process and start again"
            )

    def release(self) -> None:
        """Give the hold back."""
        if self._lock.is_held:
            _let_go(self._taken)
            self._lock.release()

    def renew(self) -> None:
        """Show machines that the lock does not reach that the hold is still in use."""
        with suppress(OSError):
            os.utime(_note(self._path))

    def _refuse_if_owned(self) -> None:
        """Raise a HeldError if the owner that the note names may be at work, despite the lock."""
        found = holder(self._path)
        if found is None:
            return
        if found.is_this_process and self._path not in _HELD_HERE:
            return
        match found.liveness():
            case Liveness.DEAD:
                return
            case Liveness.ALIVE:
                raise HeldError(
                    f"{self._path} is held by {_who(self._path)}, although its lock file was"
                    " removed: stop it first"
                )
            case Liveness.UNKNOWN:
                self._refuse_if_renewed()

    def _refuse_if_renewed(self) -> None:
        """Raise a HeldError if a process of another machine renewed its note a short time ago."""
        if self._renewed_within is None:
            return
        os.utime(self._lock.path)  # both times are then by the file system's own clock
        note = _note(self._path)
        age = self._lock.path.stat().st_mtime - note.stat().st_mtime
        if age < self._renewed_within:
            raise HeldError(
                f"{self._path} is held by {_who(self._path)}, which was at work {max(age, 0):.0f} s"
                f" ago: stop it first; if it is gone, try again in"
                f" {self._renewed_within - age:.0f} s, or remove {note}"
            )

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


_HELD_HERE: Final[set[Path]] = set()
"""Files that this process holds."""


def holder(path: Path) -> ProcessIdentity | None:
    """The process that says it holds the file; it may be dead."""
    try:
        return ProcessIdentity.model_validate_json(read_untrusted(_note(path), limit=_LARGEST_NOTE))
    except (JanitorError, ValidationError):
        return None


def holder_liveness(path: Path) -> Liveness:
    """Whether a holder of the file is alive; DEAD if there is none."""
    found = holder(path)
    return Liveness.DEAD if found is None else found.liveness()


def _refuse_other_names(path: Path) -> None:
    """Raise a HeldError for hard links: under another name, another process could hold the file.

    Backups that the owner keeps beside the file may be links to it.
    """
    ours = file_identity(path)
    if ours is None or path.stat().st_nlink == 1:
        return
    beside = [
        one
        for one in path.parent.iterdir()
        if one.name.startswith((f"{path.name}.", f".{path.name}.")) and file_identity(one) == ours
    ]
    if path.stat().st_nlink > 1 + len(beside):
        raise HeldError(
            f"{path} has another name (a hard link), under which another process could manage it:"
            f" remove that name, or give this one a file of its own"
            f" (cp {path.name} copy && mv copy {path.name})"
        )


def _let_go(taken: list[Path]) -> None:
    """Remove the notes of a hold that ends; another owner's note stays."""
    while taken:
        path = taken.pop()
        _HELD_HERE.discard(path)
        found = holder(path)
        if found is not None and found.is_this_process:
            with suppress(OSError):
                _note(path).unlink()


def _who(path: Path) -> str:
    found = holder(path)
    if found is None:
        return "another process"
    started = datetime.fromtimestamp(found.created_at, UTC)
    return f"{found} (started {started:%Y-%m-%d %H:%M:%S} UTC)"


def _place(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _note(path: Path) -> Path:
    path = _place(path)
    return path.with_name(f".{path.name}.holder.json")
