"""A store that retries reads that fail with a transient error.

Writes are not retried here, because what they would write may be stale by then. The repair starts
such a write again, with a new read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Final, cast

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_random_exponential,
)

from janitor.errors import RejectedError, StoreError, TransientError, UnreachableError
from janitor.model import AnyTarget, ResolvedTarget, RunInfo, RunPage
from janitor.model.parts import Part
from janitor.model.ports import PartReader, Store

OPENING: Final = 60.0
"""Seconds for which the first request is retried if the server answers with errors."""
UNREACHABLE: Final = 3.0
"""The same if nothing answers and the pass has no deadline: the address may be wrong."""
RESOLVING: Final = 30.0
"""Seconds that a pass waits in total to resolve its targets: without them, the whole pass fails."""

Summaries = Mapping[str, RunInfo | StoreError]


def opening(
    sleep: Callable[[float], None], should_stop: Callable[[], bool], *, has_deadline: bool
) -> Retrying:
    """How to retry the first request to a server, as long as its error is transient.

    Args:
        sleep: Waits for a number of seconds between two attempts.
        should_stop: Whether the pass is to end; then nothing is retried.
        has_deadline: Whether the pass has a deadline.

    """

    def stop(state: RetryCallState) -> bool:
        error = None if state.outcome is None else state.outcome.exception()
        is_away = isinstance(error, UnreachableError) and not has_deadline
        limit = UNREACHABLE if is_away else OPENING
        return should_stop() or (state.seconds_since_start or 0.0) >= limit

    return Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop,
        wait=wait_random_exponential(multiplier=0.5, max=8),
        sleep=sleep,
        reraise=True,
    )


class RetryingStore:
    """Wraps a store and retries its reads.

    Args:
        store: The wrapped store.
        sleep: Waits for a number of seconds between two attempts.
        should_stop: Whether the pass is to end; then nothing is retried.
        attempts: The maximum number of attempts per read.

    """

    def __init__(
        self,
        store: Store,
        sleep: Callable[[float], None],
        should_stop: Callable[[], bool],
        attempts: int = 4,
    ) -> None:
        self.retries = 0
        self._store = store
        self._sleep = sleep
        self._should_stop = should_stop
        self._attempts = attempts
        self._lock = Lock()

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The sweeps and groups of the target."""
        return self._retrying(stop=self._stop_resolving)(self._store.fetch_sweep_metadata, target)

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the target's runs."""
        return self._retrying()(self._store.fetch_runs, target, after)

    def fetch_part(self, target: AnyTarget, part: Part, after: str | None = None) -> RunPage:
        """A page of the runs of a part.

        Raises:
            RejectedError: the store cannot filter.

        """
        return self._retrying()(self._parts().fetch_part, target, part, after)

    def count_parts(self, target: AnyTarget, parts: Sequence[Part]) -> Sequence[int]:
        """How many runs each part has; raises as :meth:`fetch_part`."""
        return self._retrying()(self._parts().count_parts, target, parts)

    def _parts(self) -> PartReader:
        if not hasattr(self._store, "count_parts"):
            raise RejectedError("this store does not filter runs")
        return cast(PartReader, self._store)

    def fetch_summaries(self, paths: Sequence[str]) -> Summaries:
        """The runs at these paths. Those that fail with a transient error are requested again."""
        found: dict[str, RunInfo | StoreError] = {}

        def ask() -> list[str]:
            """Request what is missing; returns the paths that are still missing."""
            missing = [path for path in paths if isinstance(found.get(path), TransientError | None)]
            found.update(self._store.fetch_summaries(missing))
            return [path for path in missing if isinstance(found[path], TransientError)]

        self._retrying(retry=retry_if_result(bool), retry_error_callback=_give_up)(ask)
        return found

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """The summary that the run's own process uploaded at its end."""
        return self._retrying()(self._store.fetch_uploaded_summary, path)

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history."""
        return self._retrying()(self._store.fetch_last_row, path)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary; not retried here."""
        self._store.update_run_summary(run, summary)

    def _retrying(self, **options: Any) -> Retrying:
        defaults: dict[str, Any] = {
            "retry": retry_if_exception_type(TransientError),
            "stop": self._stop,
            "wait": wait_random_exponential(multiplier=0.5, max=8),
            "sleep": self._sleep,
            "before_sleep": self._count,
            "reraise": True,
        }
        return Retrying(**defaults | options)

    def _stop(self, state: RetryCallState) -> bool:
        return stop_after_attempt(self._attempts)(state) or self._should_stop()

    def _stop_resolving(self, state: RetryCallState) -> bool:
        return self._stop(state) and (state.idle_for >= RESOLVING or self._should_stop())

    def _count(self, _: RetryCallState) -> None:
        with self._lock:
            self.retries += 1


def _give_up(_: RetryCallState) -> None:
    """Keep the last answers: each failed run has its own error."""


_conforms: Callable[[Store, Callable[[float], None], Callable[[], bool]], Store] = RetryingStore
"""For the type checker: the wrapper is a store itself."""
