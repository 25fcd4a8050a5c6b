"""A store that caches pages and metadata for some time, so that frequent reads cost little.

Reads before a write are never cached: ``fetch_summaries`` always asks the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from janitor.errors import StoreError
from janitor.model import AnyTarget, ResolvedTarget, RunInfo, RunPage
from janitor.model.ports import Store

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """The hits and misses of a cache."""

    hits: int
    misses: int

    @property
    def hit_rate(self) -> float:
        """The share of reads that were answered from the cache; 0 without reads."""
        return self.hits / (self.hits + self.misses) if self.hits else 0.0


class CachedStore:
    """Wraps a store and caches its answers.

    A write changes the store and the cached pages. A write that failed may have been applied, so
    the pages with that run are removed from the cache.

    Args:
        store: The wrapped store.
        ttl: How long an answer is cached.
        count: A monotonic clock in seconds.

    """

    def __init__(
        self, store: Store, ttl: timedelta, count: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._ttl = ttl.total_seconds()
        self._count = count
        self._metadata: dict[AnyTarget, tuple[float, Sequence[ResolvedTarget]]] = {}
        self._pages: dict[tuple[AnyTarget, str | None], tuple[float, RunPage]] = {}
        self._hits = self._misses = 0
        self._lock = Lock()

    @property
    def figures(self) -> CacheFigures:
        """The hits and misses so far."""
        with self._lock:
            return CacheFigures(self._hits, self._misses)

    def invalidate(self, target: AnyTarget | None = None) -> None:
        """Remove a target from the cache; without a target, everything."""
        with self._lock:
            if target is None:
                self._metadata.clear()
                self._pages.clear()
                return
            self._metadata.pop(target, None)
            for key in [key for key in self._pages if key[0] == target]:
                del self._pages[key]

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The sweeps and groups of the target, not older than ``ttl``."""
        ask = self._store.fetch_sweep_metadata
        return self._remembered(self._metadata, target, lambda: ask(target))

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the target's runs, not older than ``ttl``."""
        ask = self._store.fetch_runs
        return self._remembered(self._pages, (target, after), lambda: ask(target, after))

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, read now."""
        return self._store.fetch_summaries(paths)

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """The summary that the run's own process uploaded at its end, read now."""
        return self._store.fetch_uploaded_summary(path)

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history, read now."""
        return self._store.fetch_last_row(path)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary, in the store and in the cache."""
        try:
            self._store.update_run_summary(run, summary)
        except BaseException:
            self._change(run.path, None)
            raise
        self._change(run.path, summary)

    def _change(self, path: str, summary: Mapping[str, Any] | None) -> None:
        """Update the cached pages with this run; without a summary, remove them."""
        with self._lock:
            for key, (until, page) in list(self._pages.items()):
                if not any(run.path == path for run in page.runs):
                    continue
                if summary is None:
                    del self._pages[key]
                    continue
                runs = tuple(
                    replace(run, summary=dict(summary), defect=None) if run.path == path else run
                    for run in page.runs
                )
                self._pages[key] = until, replace(page, runs=runs)

    def _remembered(
        self, known: dict[Any, tuple[float, _Answer]], key: Any, ask: Callable[[], _Answer]
    ) -> _Answer:
        with self._lock:
            found = known.get(key)
            if found is not None and self._count() < found[0]:
                self._hits += 1
                return found[1]
            self._misses += 1
        answer = ask()
        with self._lock:
            known[key] = self._count() + self._ttl, answer
        return answer


_conforms: Callable[[Store, timedelta], Store] = CachedStore
"""For the type checker: the wrapper is a store itself."""
