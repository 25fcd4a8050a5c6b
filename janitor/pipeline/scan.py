"""The scan: reads and judges every run of the targets, and proves that none was missed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import BoundedSemaphore
from time import monotonic
from typing import Protocol

from janitor.errors import RejectedError, StoreError
from janitor.model import (
    AnyTarget,
    Policy,
    ResolvedTarget,
    RunPage,
)
from janitor.model.parts import LeftOut, Whole
from janitor.model.ports import Clock, PartReader, SweepReader
from janitor.pipeline.partitions import (
    AT_ONCE,
    STOPPED,
    is_large,
    partition,
    read_partitions,
)
from janitor.pipeline.settled import Learned
from janitor.pipeline.sweep_scan import SweepScan
from janitor.rules import Judgement, judge
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.threads import Unfinished, Workers

SCANNERS = 8
"""Sweeps scanned at once."""

Pages = Callable[[str | None], RunPage]
"""Fetches the page after a cursor, or the first."""


class Observer(Protocol):
    """Receives the progress of a pass; called from many threads."""

    def scanned(self, target: str, seen: int, expected: int | None) -> None:
        """A page of a target was read."""

    def repairing(self, total: int) -> None:
        """The repair of this many runs begins."""

    def repaired(self) -> None:
        """The repair of one run is finished."""


class Unobserved:
    """An observer that shows no progress."""

    def scanned(self, target: str, seen: int, expected: int | None) -> None:
        """Nothing."""

    def repairing(self, total: int) -> None:
        """Nothing."""

    def repaired(self) -> None:
        """Nothing."""


class WholeReadError(Exception):
    """A target must be read as a whole; the text says why, if something is wrong or has changed."""


class Memory(Protocol):
    """Remembers what earlier passes read; see :mod:`janitor.pipeline.incremental`."""

    def read(self, target: AnyTarget, scan: SweepScan, read_pages: Callable[[Pages], bool]) -> None:
        """Read what can have changed; raises WholeReadError if everything must be read."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """Reads and judges sweeps.

    Args:
        store: Where the runs are.
        policy: The policy that the rules use.
        clock: It is read once per page, when the page is judged.
        observer: Receives the progress, page by page.
        interrupter: Checked before each page; a scan that was stopped is incomplete.
        watched: Paths of runs whose judgement is kept even if it is clean.
        memory: What earlier passes read; None to read everything.
        remembered: The targets to which the memory applies.
        parts: Lists parts of large targets, which are then read in parallel; None to read each
            target page by page.

    """

    store: SweepReader
    policy: Policy
    clock: Clock
    observer: Observer
    interrupter: Interrupter
    watched: Collection[str] = ()
    memory: Memory | None = None
    remembered: Collection[AnyTarget] = ()
    parts: PartReader | None = None
    _turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))

    def scan(self, sweeps: Sequence[ResolvedTarget]) -> list[SweepScan]:
        """Scan the sweeps in parallel; returns one scan per sweep, in the same order."""
        workers = Workers(SCANNERS, self.interrupter.page_patience)
        tasks = [partial(self._scan_sweep, sweep) for sweep in sweeps]
        scans = [
            SweepScan(sweep.path, error=STOPPED) if isinstance(done, Unfinished) else done
            for sweep, done in zip(sweeps, workers.run(tasks), strict=True)
        ]
        workers.close()
        return scans

    def _new_scan(self, sweep: ResolvedTarget) -> SweepScan:
        learned = Learned() if sweep.target in self.remembered else None
        return SweepScan(sweep.path, watched=self.watched, learned=learned)

    def _scan_sweep(self, sweep: ResolvedTarget) -> SweepScan:
        """Read a sweep: what can have changed, or all of it."""
        scan = self._new_scan(sweep)
        if self.memory is not None and sweep.target in self.remembered:
            try:
                self.memory.read(sweep.target, scan, partial(self._read_pages, scan))
            except WholeReadError as why:
                scan = self._new_scan(sweep)
                scan.whole_because = str(why) or None
            except StoreError as error:
                scan.error = str(error)
                return scan
            else:
                return scan
        self._scan_whole(sweep, scan)
        return scan

    def _scan_whole(self, sweep: ResolvedTarget, scan: SweepScan) -> None:
        """Read all of a sweep; twice if runs are missing, because writes move runs in pages."""
        pages = partial(self.store.fetch_runs, sweep.target)
        try:
            began = monotonic()
            first = None if self.parts is None else pages(None)
            seconds = monotonic() - began
            if self.parts is not None and first is not None and is_large(first, seconds):
                shrank = not self._read_parallel(self.parts, sweep.target, scan, first)
            else:
                shrank = self._read_pages(scan, pages, first)
            if (scan.missing or shrank) and not self.interrupter.asked():
                self._read_pages(scan, pages)
        except StoreError as error:
            scan.error = str(error)

    def _read_parallel(
        self, parts: PartReader, target: AnyTarget, scan: SweepScan, first: RunPage
    ) -> bool:
        """Read the partitions of a sweep; False if it must be read in order."""
        scan.expected, scan.left_out = first.run_count, first.left_out
        paths: set[str] = set()
        self._take(scan, first, paths)
        try:
            periods = partition(parts, target, first, self.clock.now())
            found = read_partitions(parts, target, periods, self._turns, self.interrupter.asked)
            are_whole = True
            paths.clear()  # the first page is read again in part
            for page in found:
                if isinstance(page, bool):
                    are_whole &= page
                else:
                    self._take(scan, page, paths)
            whole, left_out = parts.count_parts(target, [Whole(), LeftOut()])
        except RejectedError:
            return False
        scan.expected, scan.left_out = whole - left_out, left_out
        return are_whole and scan.read == scan.expected

    def _read_pages(self, scan: SweepScan, pages: Pages, first: RunPage | None = None) -> bool:
        """Read every page; True if the sweep shrank meanwhile, so that runs may be skipped."""
        paths: set[str] = set()
        shrank = False
        for page in self._in_order(pages, first):
            scan.left_out = max(scan.left_out, page.left_out)
            shrank |= (page.run_count or 0) < (scan.expected or 0)
            scan.expected = page.run_count
            self._take(scan, page, paths)
        return shrank

    def _take(self, scan: SweepScan, page: RunPage, paths: set[str]) -> None:
        """Judge the runs of a page. ``paths`` are those of the pages before it."""
        now = self.clock.now()
        for run in page.runs:
            scan.duplicates += run.path in paths
            paths.add(run.path)
            if run.path not in scan:
                scan.add(judge(run, self.policy, now), now)
        self.observer.scanned(scan.target, scan.seen, scan.expected)

    def _in_order(self, pages: Pages, first: RunPage | None) -> Iterator[RunPage]:
        """All pages in order; the next one is requested while one is judged."""
        ahead = ThreadPoolExecutor(1, thread_name_prefix="janitor-ahead")
        cursors: set[str | None] = set()
        after: str | None = None
        is_last = False
        try:
            coming = self._ask(ahead, pages if first is None else lambda _: first, after)
            while coming is not None:
                page = coming.result()
                cursors.add(after)
                after = page.after
                is_last = after is None or after in cursors
                coming = None if is_last else self._ask(ahead, pages, after)
                yield page
            if not is_last:
                raise StoreError(STOPPED)
        finally:
            ahead.shutdown(wait=False, cancel_futures=True)

    def _ask(
        self, ahead: ThreadPoolExecutor, pages: Pages, after: str | None
    ) -> Future[RunPage] | None:
        """Request a page, unless the pass is to end."""
        if self.interrupter.asked():
            return None
        return ahead.submit(pages, after)


def without_repeats(scans: Sequence[SweepScan]) -> int:
    """Keep each run only in the first scan that contains it; returns the number of distinct runs.

    Call it after the coverage of each scan was reported.
    """
    for index, scan in enumerate(scans):
        for earlier in scans[:index]:
            scan.leave_out(earlier)
    return sum(scan.seen for scan in scans)


def unreadable_times(judgement: Judgement) -> Iterator[str]:
    """A sentence for each time of an open run that cannot be read or is in the future."""
    if judgement.reading is None:
        return
    for piece in judgement.reading.vitals.evidence:
        if piece.at is None:
            yield f"{piece.source} cannot be read as a time: {piece.raw!r:.60}"
        elif piece.is_future:
            yield f"{piece.source} is in the future: {piece.raw!r:.60}"
