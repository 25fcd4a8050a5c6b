"""A GPU for each worker of a machine, by lock files. The system frees the GPU of a dead worker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import psutil

from janitor.errors import HeldError, StateFileError
from janitor.runtime.processes import host_name
from janitor.storage.atomic import make_folder
from janitor.storage.locks import SystemLock

FOLDER: Final = ".gpu_locks"

_SHARED: Final = (
    *("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "gluster", "afs", "9p"),
    *("virtiofs", "fuse.sshfs", "fuse.gluster", "fuse.ceph", "orangefs", "pvfs", "ocfs", "gfs"),
)
"""How the names of file systems begin that several machines can share."""


@dataclass(frozen=True, slots=True)
class GpuLock:
    """A GPU that this process has, until it releases it or dies."""

    number: int
    _lock: SystemLock

    def release(self) -> None:
        """Let another process have it."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def acquire_gpu(root: Path, gpus: Iterable[int], *, shared: bool | None = None) -> GpuLock:
    """Take the first of these GPUs that no worker of this machine has.

    Args:
        root: The folder of the state file; the locks are in ``.gpu_locks/gpu_N.lock`` below it.
        gpus: Their numbers.
        shared: Whether other machines, with GPUs of the same numbers, see the folder: then the
            locks are in ``.gpu_locks/HOST/gpu_N.lock``. None: decided by the file system.

    Raises:
        HeldError: all of them are taken.
        StateFileError: a lock cannot be made.

    """
    folder = root / FOLDER
    if is_shared(root) if shared is None else shared:
        folder /= host_name()
    make_folder(folder, error=StateFileError)
    tried = []
    for number in gpus:
        lock = SystemLock(folder / f"gpu_{number}.lock")
        try:
            if lock.acquire():
                return GpuLock(number, lock)
        except OSError as error:
            raise StateFileError(f"cannot lock GPU {number}: {error}") from error
        tried.append(str(number))
    raise HeldError(f"no GPU is free on {host_name()}: {', '.join(tried)} of {folder} are taken")


def is_shared(folder: Path) -> bool:
    """Whether other machines may see a folder, judged by the name of its file system."""
    place = folder.resolve()
    mounts = [
        (len(mount.mountpoint), mount.fstype)
        for mount in psutil.disk_partitions(all=True)
        if place.is_relative_to(mount.mountpoint)
    ]
    return bool(mounts) and max(mounts)[1].startswith(_SHARED)
