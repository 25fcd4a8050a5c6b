"""Threads that work side by side, and that a pass which must end can leave behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from enum import Enum
from typing import Any, Final, TypeVar

_Answer = TypeVar("_Answer")

_LOOK_UP: Final = 0.2
"""Seconds between two looks at the clock while a task is waited for."""


class Unfinished(Enum):
    """Why a task has no answer."""

    NOT_BEGUN = "not begun"
    ABANDONED = "abandoned"
    """It was begun, and what it did is not known."""


class Workers:
    """A few threads.

    Args:
        count: How many.
        patience: The seconds for which tasks may still be waited for; None for as long as they
            take. Asked again and again: a signal may end it.

    """

    def __init__(self, count: int, patience: Callable[[], float | None]) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="janitor")
        self._patience = patience

    def run(self, tasks: Sequence[Callable[[], _Answer]]) -> Iterator[_Answer | Unfinished]:
        """Run the tasks side by side; their answers in order, what they raise included."""
        futures = [self._pool.submit(task) for task in tasks]
        for future in futures:
            yield self._answer(future)

    def close(self) -> None:
        """Begin nothing more; what is under way is not waited for."""
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
