"""A store that remembers pages and metadata for a while, so that who asks often costs little.

What is read right before a write is never remembered: ``fetch_summaries`` always asks.
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
    """How well a cache did."""

    hits: int
    misses: int

    @property
    def hit_rate(self) -> float:
        """The share of reads that were answered from memory; 0 where there were none."""
        return self.hits / (self.hits + self.misses) if self.hits else 0.0


class CachedStore:
    """Wraps a store.

    Writes go through, and what they changed is changed in what is remembered, too. A write that
    failed may have been applied, so the pages with that run are forgotten.

    Args:
        store: The store to ask.
        ttl: How long an answer is remembered.
        count: Counts seconds.

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
        """How well it did so far."""
        with self._lock:
            return CacheFigures(self._hits, self._misses)

    def invalidate(self, target: AnyTarget | None = None) -> None:
        """Forget what is remembered of a target; without one, of all."""
        with self._lock:
            if target is None:
                self._metadata.clear()
                self._pages.clear()
                return
            self._metadata.pop(target, None)
            for key in [key for key in self._pages if key[0] == target]:
                del self._pages[key]

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """What the target stands for, as it was not longer ago than the cache's time."""
        ask = self._store.fetch_sweep_metadata
        return self._remembered(self._metadata, target, lambda: ask(target))

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the target's runs, as it was not longer ago than the cache's time."""
        ask = self._store.fetch_runs
        return self._remembered(self._pages, (target, after), lambda: ask(target, after))

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, asked for now."""
        return self._store.fetch_summaries(paths)

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        """The summary that the run's own process left behind, asked for now."""
        return self._store.fetch_uploaded_summary(path)

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        """The last row of the run's history, asked for now."""
        return self._store.fetch_last_row(path)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary, in the store and in what is remembered."""
        try:
            self._store.update_run_summary(run, summary)
        except BaseException:
            self._change(run.path, None)
            raise
        self._change(run.path, summary)

    def _change(self, path: str, summary: Mapping[str, Any] | None) -> None:
        """Write through to the remembered pages with this run; forget them without a summary."""
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
