"""Temporary folders. One that a killed process left behind is removed by the next process."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from janitor.storage.locks import SystemLock

_IN_USE: Final = ".in-use"
"""The lock file inside each folder, which the system frees when the folder's owner dies."""
_NEW: Final = 60.0
"""Seconds. A younger folder may not have been locked yet."""


class TemporaryFolder:
    """A folder among the system's temporary files, until it is removed or its owner dies.

    Args:
        prefix: The beginning of its name. Abandoned folders with this prefix are removed first.

    """

    def __init__(self, prefix: str) -> None:
        _remove_abandoned(Path(tempfile.gettempdir()), prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self._lock = SystemLock(self.path / _IN_USE)
        self._lock.acquire()

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove this user's folders whose owners are dead. What cannot be removed stays."""
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid != os.geteuid() or time.time() - status.st_mtime < _NEW:
                continue
            if folder.is_symlink() or not (folder / _IN_USE).is_file():
                continue
            lock = SystemLock(folder / _IN_USE)
            if lock.acquire():
                shutil.rmtree(folder, ignore_errors=True)
                lock.release()
