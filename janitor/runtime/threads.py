"""Threads that work in parallel, and that a pass can abandon when it must end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from enum import Enum
from typing import Any, Final, TypeVar

_Answer = TypeVar("_Answer")

_LOOK_UP: Final = 0.2
"""Seconds between two checks of the clock while waiting for a task."""


class Unfinished(Enum):
    """Why a task has no result."""

    NOT_BEGUN = "not begun"
    ABANDONED = "abandoned"
    """It was begun, and its outcome is unknown."""


class Workers:
    """A few threads.

    Args:
        count: How many.
        patience: How many seconds to wait for tasks; None for no limit. It is called again and
            again, because a signal may change it.

    """

    def __init__(self, count: int, patience: Callable[[], float | None]) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="janitor")
        self._patience = patience

    def run(self, tasks: Sequence[Callable[[], _Answer]]) -> Iterator[_Answer | Unfinished]:
        """Run the tasks in parallel; yields their results in order, and raises what they raise."""
        futures = [self._pool.submit(task) for task in tasks]
        for future in futures:
            yield self._answer(future)

    def close(self) -> None:
        """Begin nothing more, and do not wait for running tasks."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _answer(self, future: Future[Any]) -> Any:
        while not future.done():
            left = self._patience()
            if left is not None and left <= 0:
                return Unfinished.NOT_BEGUN if future.cancel() else Unfinished.ABANDONED
            wait([future], timeout=_LOOK_UP if left is None else min(left, _LOOK_UP))
        try:
            return future.result()
        except CancelledError:
            return Unfinished.NOT_BEGUN
