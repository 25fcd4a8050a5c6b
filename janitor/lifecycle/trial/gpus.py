"""GPUs for one job, by the lock files that ``janitor.tasks`` uses too."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

_LOOK_AGAIN: Final = 0.5
_NUMBER: Final = re.compile(r"gpu_(\d+)\.lock$")


def take_gpus(
    wanted: int, locks: Sequence[str], wait: Callable[[float], bool]
) -> tuple[list[int], list[int]] | None:
    """Take so many GPUs, all at once, and wait for them if they are taken.

    Args:
        wanted: How many.
        locks: The lock files of all GPUs of the machine.
        wait: Waits for seconds; False if the job must not start any more.

    Returns:
        The GPUs' numbers and the open locks, which are held until the process ends; None if
        ``wait`` said so.

    """
    while True:
        numbers, handles = _try(wanted, locks)
        if len(numbers) == wanted:
            return numbers, handles
        for handle in handles:
            os.close(handle)
        if not wait(_LOOK_AGAIN):
            return None


def _try(wanted: int, locks: Sequence[str]) -> tuple[list[int], list[int]]:
    numbers: list[int] = []
    handles: list[int] = []
    for path in locks:
        if len(numbers) == wanted:
            break
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        found = _NUMBER.search(path)
        numbers.append(int(found[1]) if found else len(numbers))
        handles.append(handle)
    return numbers, handles
