"""The scan: reads and judges every run of the targets, and proves that none was missed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from janitor.errors import StoreError
from janitor.model import (
    AnyTarget,
    Clean,
    Policy,
    ResolvedTarget,
    RunPage,
    SweepRunState,
    Untracked,
)
from janitor.model.ports import Clock, SweepReader
from janitor.rules import Judgement, judge
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.threads import Unfinished, Workers

SCANNERS = 8
"""Sweeps scanned at once."""
STOPPED = "stopped before everything was read"
"""The error of a target of which not everything was read."""


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


@dataclass(slots=True)
class SweepScan:
    """What a scan of one sweep or group found; only the paths of clean and untracked runs."""

    target: str
    judged: dict[str, Judgement] = field(default_factory=dict)
    """Runs to change or to hold, by path."""
    clean: dict[str, SweepRunState] = field(default_factory=dict)
    untracked: set[str] = field(default_factory=set)
    expected: int | None = None
    """The number of runs according to the store; None if the store did not answer."""
    duplicates: int = 0
    left_out: int = 0
    """Runs that were not read, because they have been silent for too long."""
    error: str | None = None
    """Why the scan stopped early."""
    watched: Collection[str] = ()
    """Paths of runs whose judgement is kept even if it is clean."""
    kept: dict[str, Judgement] = field(default_factory=dict)
    """The judgements of the clean runs among the watched ones."""

    @property
    def seen(self) -> int:
        """Distinct runs."""
        return len(self.judged) + len(self.clean) + len(self.untracked)

    @property
    def missing(self) -> int:
        """Runs that the store counted, but did not return."""
        return max(0, (self.expected or 0) - self.seen)

    @property
    def is_complete(self) -> bool:
        """Whether every run was seen."""
        return self.error is None and self.expected is not None and not self.missing

    def __contains__(self, path: str) -> bool:
        return path in self.judged or path in self.clean or path in self.untracked

    def add(self, judgement: Judgement) -> None:
        """Add a run."""
        path, verdict = judgement.run.path, judgement.verdict
        if isinstance(verdict, Untracked):
            self.untracked.add(path)
        elif isinstance(verdict, Clean) and judgement.reading is not None:
            self.clean[path] = judgement.reading.state
            if path in self.watched:
                self.kept[path] = judgement
        else:
            self.judged[path] = judgement

    def leave_out(self, other: SweepScan) -> None:
        """Remove the runs that another scan contains, so that a run is judged once."""
        for path in [path for path in self._paths() if path in other]:
            self.judged.pop(path, None)
            self.clean.pop(path, None)
            self.kept.pop(path, None)
            self.untracked.discard(path)

    def _paths(self) -> Iterator[str]:
        yield from self.judged
        yield from self.clean
        yield from self.untracked


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

    """

    store: SweepReader
    policy: Policy
    clock: Clock
    observer: Observer
    interrupter: Interrupter
    watched: Collection[str] = ()

    def scan(self, sweeps: Sequence[ResolvedTarget]) -> list[SweepScan]:
        """Scan the sweeps in parallel; returns one scan per sweep, in the same order."""
        scans = [SweepScan(sweep.path, watched=self.watched) for sweep in sweeps]
        workers = Workers(SCANNERS, self.interrupter.page_patience)
        tasks = [
            partial(self._scan_sweep, sweep, scan)
            for sweep, scan in zip(sweeps, scans, strict=True)
        ]
        for index, done in enumerate(workers.run(tasks)):
            if isinstance(done, Unfinished):
                scans[index] = SweepScan(sweeps[index].path, error=STOPPED)
        workers.close()
        return scans

    def _scan_sweep(self, sweep: ResolvedTarget, scan: SweepScan) -> None:
        """Read a sweep; twice if runs are missing, because writes move runs between pages."""
        try:
            shrank = self._read_pages(sweep, scan)
            if (scan.missing or shrank) and not self.interrupter.asked():
                self._read_pages(sweep, scan)
        except StoreError as error:
            scan.error = str(error)

    def _read_pages(self, sweep: ResolvedTarget, scan: SweepScan) -> bool:
        """Read every page; True if the sweep shrank meanwhile, so that runs may be skipped."""
        paths: set[str] = set()
        shrank = False
        for page in self._pages(sweep.target):
            scan.left_out = max(scan.left_out, page.left_out)
            shrank |= (page.run_count or 0) < (scan.expected or 0)
            scan.expected = page.run_count
            now = self.clock.now()
            for run in page.runs:
                scan.duplicates += run.path in paths
                paths.add(run.path)
                if run.path not in scan:
                    scan.add(judge(run, self.policy, now))
            self.observer.scanned(scan.target, scan.seen, scan.expected)
        return shrank

    def _pages(self, target: AnyTarget) -> Iterator[RunPage]:
        """All pages in order; the next one is requested while one is judged."""
        ahead = ThreadPoolExecutor(1, thread_name_prefix="janitor-ahead")
        cursors: set[str | None] = set()
        after: str | None = None
        is_last = False
        try:
            coming = self._ask(ahead, target, after)
            while coming is not None:
                page = coming.result()
                cursors.add(after)
                after = page.after
                is_last = after is None or after in cursors
                coming = None if is_last else self._ask(ahead, target, after)
                yield page
            if not is_last:
                raise StoreError(STOPPED)
        finally:
            ahead.shutdown(wait=False, cancel_futures=True)

    def _ask(
        self, ahead: ThreadPoolExecutor, target: AnyTarget, after: str | None
    ) -> Future[RunPage] | None:
        """Request a page, unless the pass is to end."""
        if self.interrupter.asked():
            return None
        return ahead.submit(self.store.fetch_runs, target, after)


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
