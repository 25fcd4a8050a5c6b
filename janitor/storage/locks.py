"""File locks, for a moment and for a pass: the operating system frees them when their owner dies.

:class:`janitor.storage.file_hold.FileHold` holds a file for as long as a process manages it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Final

from filelock import FileLock, Timeout

from janitor.errors import HeldError, JanitorError, StateFileError, UsageError
from janitor.runtime.interrupt import Interrupter

_LOOK_AGAIN: Final = 0.005
"""Seconds between two attempts at a lock that another process holds."""
_LOOK_UP: Final = 0.2
"""Seconds between two looks at what may end a wait."""


class SystemLock:
    """An exclusive lock on a file of its own, which stays. Any thread may release it.

    Args:
        path: The lock file. Its folder must exist.
        mode: The permissions of a new lock file.

    """

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self.path = path
        self._lock = FileLock(path, mode=mode, thread_local=False)
        self._file: tuple[int, int] | None = None

    def acquire(self, timeout: float = 0) -> bool:
        """Take the lock; False if another process held it for ``timeout`` seconds.

        Raises:
            OSError: the lock file cannot be made.

        """
        try:
            self._lock.acquire(timeout=timeout, poll_interval=_LOOK_AGAIN)
        except Timeout:
            return False
        self._file = file_identity(self.path)
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock.is_locked

    @property
    def is_in_place(self) -> bool:
        """Whether the lock file is still the one that was locked: nobody removed or replaced it."""
        return self.is_held and file_identity(self.path) == self._file


@contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold a lock during the block.

    Args:
        path: The lock file. Its folder must exist.
        timeout: Seconds to wait for another process.

    Raises:
        HeldError: another process held it all the time.
        StateFileError: the file cannot be made.

    """
    lock = SystemLock(path)
    try:
        if not lock.acquire(timeout):
            raise HeldError(
                f"another process has held {path} for {timeout:g} s: see what it does, then try"
                " again"
            )
    except OSError as error:
        raise StateFileError(f"cannot use the lock {path}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def held_by_one_pass(path: Path, timeout: timedelta, interrupter: Interrupter) -> Iterator[None]:
    """Hold the lock of ``--lock`` for one pass. A signal or the deadline ends the wait.

    Raises:
        JanitorError: another janitor held it all the time.
        UsageError: the lock file cannot be made.
        EndedEarlyError: the pass must end.

    """
    lock, until = SystemLock(path, mode=0o644), monotonic() + timeout.total_seconds()
    try:
        while not lock.acquire(max(0.0, min(until - monotonic(), _LOOK_UP))):
            if interrupter.reason() is not None:
                raise interrupter.ended_early()
            if monotonic() >= until:
                raise JanitorError(
                    f"another janitor holds the lock {path}: let it finish, or wait for it with"
                    " --lock-timeout"
                )
    except OSError as error:
        raise UsageError(f"cannot use the lock {path}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def file_identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file under this name; None if there is none."""
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return status.st_dev, status.st_ino
