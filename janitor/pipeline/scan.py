"""The scan: every run of the targets read and judged, and the proof that none was missed."""

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
    LocalTarget,
    Policy,
    ResolvedTarget,
    RunPage,
    SweepRunState,
    TargetKind,
    Untracked,
)
from janitor.model.ports import Clock, SweepReader
from janitor.model.shards import Shard
from janitor.rules import Judgement, judge
from janitor.runtime.interrupt import Interrupter
from janitor.runtime.threads import Unfinished, Workers

SCANNERS = 8
"""Sweeps scanned at once."""
_STOPPED = "stopped before all of it was read"


class Observer(Protocol):
    """Receives the progress of a pass; called from many threads."""

    def scanned(self, target: str, seen: int, expected: int | None) -> None:
        """A page of a target was read."""

    def repairing(self, total: int) -> None:
        """The repair of so many runs begins."""

    def repaired(self) -> None:
        """One of them is done."""


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
    """What a scan of one sweep or group found. Clean and untracked runs are kept by path alone."""

    target: str
    judged: dict[str, Judgement] = field(default_factory=dict)
    """Runs to be changed or held, by path."""
    clean: dict[str, SweepRunState] = field(default_factory=dict)
    untracked: set[str] = field(default_factory=set)
    expected: int | None = None
    """How many runs the store says there are; None where it did not get to say."""
    duplicates: int = 0
    left_out: int = 0
    """Runs that were not read, for they have been silent for too long."""
    error: str | None = None
    """Why the scan broke off."""
    watched: Collection[str] = ()
    """Paths of runs whose judgement is kept even if they are clean."""
    kept: dict[str, Judgement] = field(default_factory=dict)
    """The judgements of clean runs among them."""

    @property
    def seen(self) -> int:
        """Distinct runs."""
        return len(self.judged) + len(self.clean) + len(self.untracked)

    @property
    def missing(self) -> int:
        """Runs that the store counted and never handed out."""
        return max(0, (self.expected or 0) - self.seen)

    @property
    def is_complete(self) -> bool:
        """Whether every run was seen."""
        return self.error is None and self.expected is not None and not self.missing

    def __contains__(self, path: str) -> bool:
        return path in self.judged or path in self.clean or path in self.untracked

    def add(self, judgement: Judgement) -> None:
        """Take in a run."""
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
        """Forget the runs that another scan holds: a run is judged once."""
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
class Resolution:
    """What the targets stand for."""

    sweeps: tuple[ResolvedTarget, ...]
    errors: tuple[tuple[str, StoreError], ...]
    """Targets that could not be resolved, each with its reason."""
    left_to_others: int = 0
    """Sweeps and groups that are dealt to other shards."""


def resolve(
    store: SweepReader,
    targets: Sequence[AnyTarget],
    shard: Shard | None = None,
    interrupter: Interrupter | None = None,
) -> Resolution:
    """Ask the store what each target stands for; the same sweep is taken once.

    Args:
        store: Whom to ask.
        targets: What was named.
        shard: Of it, its own sweeps alone; of those that are plainly others' nothing is asked.
        interrupter: Ends the wait for answers.

    """
    interrupter = interrupter or Interrupter()
    sweeps: dict[tuple[str, str], ResolvedTarget] = {}
    others: set[tuple[str, str]] = set()
    errors: list[tuple[str, StoreError]] = []
    asked = []
    for target in targets:
        if shard and _names_its_path(target) and not shard.owns(str(target)):
            others.add((target.kind, str(target)))
        else:
            asked.append(target)
    workers = Workers(SCANNERS, interrupter.page_patience)
    answers = workers.run([partial(_metadata, store, target) for target in asked])
    for target, found in zip(asked, answers, strict=True):
        if isinstance(found, StoreError | Unfinished):
            error = StoreError(_STOPPED) if isinstance(found, Unfinished) else found
            errors.append((str(target), error))
            continue
        for sweep in found:
            key = sweep.target.kind, sweep.path
            if shard and not shard.owns(sweep.path):
                others.add(key)
            else:
                sweeps.setdefault(key, sweep)
    workers.close()
    return Resolution(tuple(sweeps.values()), tuple(errors), len(others))


def _metadata(store: SweepReader, target: AnyTarget) -> Sequence[ResolvedTarget] | StoreError:
    try:
        return store.fetch_sweep_metadata(target)
    except StoreError as error:
        return error


def _names_its_path(target: AnyTarget) -> bool:
    """Whether the target is one sweep or group whose path is known without asking."""
    if isinstance(target, LocalTarget):
        return True
    return target.kind is not TargetKind.PROJECT and target.entity is not None


@dataclass(frozen=True, slots=True)
class Scanner:
    """Reads and judges sweeps.

    Args:
        store: Where the runs live.
        policy: What the rules are given.
        clock: Each page is judged by its own reading.
        observer: Told of each page.
        interrupter: Checked before each page; a scan that was stopped is incomplete.
        watched: Paths of runs whose judgement is kept even if they are clean.

    """

    store: SweepReader
    policy: Policy
    clock: Clock
    observer: Observer
    interrupter: Interrupter
    watched: Collection[str] = ()

    def scan(self, sweeps: Sequence[ResolvedTarget]) -> list[SweepScan]:
        """Scan the sweeps side by side. A run of several is left to the first."""
        scans = [SweepScan(sweep.path, watched=self.watched) for sweep in sweeps]
        workers = Workers(SCANNERS, self.interrupter.page_patience)
        tasks = [
            partial(self._scan_sweep, sweep, scan)
            for sweep, scan in zip(sweeps, scans, strict=True)
        ]
        for index, done in enumerate(workers.run(tasks)):
            if isinstance(done, Unfinished):
                scans[index] = SweepScan(sweeps[index].path, error=_STOPPED)
        workers.close()
        return scans

    def _scan_sweep(self, sweep: ResolvedTarget, scan: SweepScan) -> None:
        """Read a sweep; once more where runs are missing: pages shift while others write."""
        try:
            shrank = self._read_pages(sweep, scan)
            if (scan.missing or shrank) and not self.interrupter.asked():
                self._read_pages(sweep, scan)
        except StoreError as error:
            scan.error = str(error)

    def _read_pages(self, sweep: ResolvedTarget, scan: SweepScan) -> bool:
        """Read every page; whether the sweep shrank meanwhile, so that a page may have skipped."""
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
        """Page after page; while one is judged, the next is under way."""
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
                raise StoreError(_STOPPED)
        finally:
            ahead.shutdown(wait=False, cancel_futures=True)

    def _ask(
        self, ahead: ThreadPoolExecutor, target: AnyTarget, after: str | None
    ) -> Future[RunPage] | None:
        """Ask for a page, unless nothing new may begin."""
        if self.interrupter.asked():
            return None
        return ahead.submit(self.store.fetch_runs, target, after)


def without_repeats(scans: Sequence[SweepScan]) -> int:
    """Leave each run to the first scan that holds it; returns how many distinct runs there are.

    Call it when each scan's own coverage has been taken down.
    """
    for index, scan in enumerate(scans):
        for earlier in scans[:index]:
            scan.leave_out(earlier)
    return sum(scan.seen for scan in scans)


def unreadable_times(judgement: Judgement) -> Iterator[str]:
    """A sentence for each time of an open run that cannot be read, or lies in the future."""
    if judgement.reading is None:
        return
    for piece in judgement.reading.vitals.evidence:
        if piece.at is None:
            yield f"{piece.source} cannot be read as a time: {piece.raw!r:.60}"
        elif piece.is_future:
            yield f"{piece.source} lies in the future: {piece.raw!r:.60}"
