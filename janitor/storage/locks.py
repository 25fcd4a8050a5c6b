"""File locks: one for a moment (:func:`locked`), and one that names its owner (:class:`Hold`)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final, Self

from filelock import FileLock, Timeout
from pydantic import ValidationError

from janitor.errors import HeldError, JanitorError, StateFileError, UsageError
from janitor.model import Liveness
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.processes import ProcessIdentity, this_process
from janitor.storage.atomic import make_folder, write_atomically
from janitor.storage.untrusted import read_untrusted

_LOOK_AGAIN: Final = 0.005
"""Seconds between two attempts at a lock that another holds."""
_LARGEST_NOTE: Final = 64 * 1024
"""Bytes."""
_LOOK_UP: Final = 0.2
"""Seconds between two looks at what may end a wait."""


@contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock, a file of its own; its folder must be there.

    Args:
        path: The lock's file; it stays.
        timeout: Seconds to wait for another who holds it.

    Raises:
        HeldError: another held it all the while.
        StateFileError: the file cannot be made.

    """
    lock = FileLock(path, timeout=timeout, mode=0o600)
    try:
        lock.acquire(poll_interval=_LOOK_AGAIN)
    except Timeout:
        raise HeldError(
            f"another process has held {path} for {timeout:g} s; look what it does, then try again"
        ) from None
    except OSError as error:
        raise StateFileError(f"cannot use the lock {path}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def held_by_one_pass(path: Path, timeout: timedelta, interrupter: Interrupter) -> Iterator[None]:
    """Hold the lock of ``--lock`` for one pass; a signal or the deadline ends the wait.

    Raises:
        JanitorError: another janitor held it all the while.
        UsageError: the lock cannot be made.
        EndedEarlyError: the pass is to end.

    """
    lock, until = FileLock(path), monotonic() + timeout.total_seconds()
    while not lock.is_locked:
        left = until - monotonic()
        try:
            lock.acquire(timeout=max(0.0, min(left, _LOOK_UP)))
        except Timeout:
            if interrupter.reason() is not None:
                raise interrupter.ended_early() from None
            if left <= 0:
                raise JanitorError(
                    f"another janitor holds the lock {path}; it is left to finish"
                    " (--lock-timeout waits)"
                ) from None
        except OSError as error:
            raise UsageError(f"cannot use the lock {path}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


class Hold:
    """The hold on a file, by a lock that the system frees when its owner dies.

    Beside it stands who holds it, for others to read. Where the file system is shared, both work
    across machines as far as its locks do; where these do not cross, the note itself counts, as
    long as its owner on the other machine renews it. For many threads: any may give it back.

    Args:
        path: The file that is held, by any of its names; it need not exist.
        renewed_within: Seconds within which an owner calls :meth:`renew`; None where it does not.

    """

    def __init__(self, path: Path, renewed_within: float | None = None) -> None:
        self._path = place = _place(path)
        self._renewed_within = renewed_within
        self._lock = FileLock(
            place.with_name(f".{place.name}.lock"), timeout=0, mode=0o600, thread_local=False
        )

    @property
    def is_held(self) -> bool:
        """Whether this very object holds it."""
        return self._lock.is_locked

    def acquire(self) -> None:
        """Take the hold.

        Raises:
            HeldError: another has it.
            StateFileError: the lock cannot be made.

        """
        make_folder(self._path.parent, error=StateFileError)
        try:
            self._lock.acquire()
        except Timeout:
            raise HeldError(f"{self._path} is held by {_who(self._path)}: stop it first") from None
        except OSError as error:
            raise StateFileError(f"cannot lock {self._path}: {error.strerror or error}") from error
        since = {"since": datetime.now(UTC).isoformat()}  # for people; nothing is judged by it
        text = json.dumps(this_process().model_dump() | since)
        try:
            self._refuse_if_renewed_elsewhere()
            write_atomically(_note(self._path), text + "\n", error=StateFileError)
        except BaseException:
            self._lock.release()
            raise

    def release(self) -> None:
        """Give it back."""
        if self._lock.is_locked:
            _note(self._path).unlink(missing_ok=True)
            self._lock.release()

    def renew(self) -> None:
        """Show machines that its lock does not reach that the hold is still in use."""
        with suppress(OSError):
            os.utime(_note(self._path))

    def _refuse_if_renewed_elsewhere(self) -> None:
        """Raise a HeldError where a process that cannot be looked at renewed its note lately."""
        found = holder(self._path)
        if self._renewed_within is None or found is None:
            return
        if found.liveness() is not Liveness.UNKNOWN:
            return  # the lock is ours, so it is gone, or is this one
        os.utime(self._lock.lock_file)  # both times are then by the file system's own clock
        note = _note(self._path)
        age = Path(self._lock.lock_file).stat().st_mtime - note.stat().st_mtime
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


def holder(path: Path) -> ProcessIdentity | None:
    """Who says that it holds the file; it may be dead."""
    try:
        return ProcessIdentity.model_validate_json(read_untrusted(_note(path), limit=_LARGEST_NOTE))
    except (JanitorError, ValidationError):
        return None


def holder_liveness(path: Path) -> Liveness:
    """Whether a holder of the file lives; DEAD where there is none."""
    found = holder(path)
    return Liveness.DEAD if found is None else found.liveness()


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
