"""Reads one large target in parallel: its runs are partitioned by their time of creation.

The store counts the runs of each period; where these counts do not add up to all runs, the target
is read page by page instead. The pages of a partition are read in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Queue
from threading import BoundedSemaphore, Event
from typing import Final

from janitor.errors import RejectedError, StoreError
from janitor.model import AnyTarget, RunPage
from janitor.model.evidence import parse_time
from janitor.model.parts import Created
from janitor.model.ports import PartReader

STOPPED: Final = "stopped before everything was read"
"""The error of a target of which not everything was read."""
AT_ONCE: Final = 8
"""Pages of partitions that are read at once, in the whole pass."""
WORTH_IT: Final = 8
"""Pages that a target must have to be read in parallel."""
FEWEST: Final = 2_000
"""Runs that it must have as well."""
WORTH_SECONDS = 12.0
"""Seconds that reading it in order must take at the least, by its first page. Below that, the
counts that a partition needs cost more than they save."""
_PERIODS: Final = 32
"""Periods in which runs are counted with one request."""
_ROUNDS: Final = 4
"""How often a period with too many runs is divided."""
_SHARE: Final = 24
"""A partition holds at most one such share of the runs, or two pages, if its period can be
divided."""
_SHORTEST: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """The runs that were created in a period."""

    start: datetime | None
    end: datetime | None
    runs: int

    @property
    def part(self) -> Created:
        """The same, as a store is asked for it."""
        return Created(self.start, self.end)


def is_large(first: RunPage, seconds: float) -> bool:
    """Whether the target of a first page, which took so many seconds, is large enough."""
    count = first.run_count or 0
    if first.after is None or count < max(FEWEST, WORTH_IT * len(first.runs)):
        return False
    return seconds * count / max(1, len(first.runs)) >= WORTH_SECONDS


def partition(
    store: PartReader, target: AnyTarget, first: RunPage, now: datetime
) -> Sequence[Period]:
    """The periods of the runs that are not on the first page, or that may not be.

    Raises:
        RejectedError: the store does not filter by the time of creation, or its counts do not add
            up.
        StoreError: it could not be asked.

    """
    times = [parse_time(run.created_at) for run in first.runs]
    known = [time for time in times if time is not None]
    if len(known) != len(times) or not known:
        raise RejectedError("the time of creation of a run cannot be read")
    begin = max(known).replace(microsecond=0)
    before = sum(time < begin for time in known)
    total = first.run_count or 0
    largest = max(2 * len(first.runs), total // _SHARE)
    periods = [Period(None, begin, before), Period(begin, None, total - before)]
    for _ in range(_ROUNDS):
        divided = [part for period in periods for part in _divided(period, largest, now)]
        if len(divided) == len(periods):
            break
        periods = _counted(store, target, divided)
        if periods[0].runs != before or sum(period.runs for period in periods) != total:
            raise RejectedError("the numbers of runs by time of creation do not add up")
    return _packed(periods[1:], largest)


def _divided(period: Period, largest: int, now: datetime) -> Iterator[Period]:
    """The period, in shorter ones if it has too many runs. Whole seconds, and no overlap."""
    end = period.end or now.replace(microsecond=0)
    if period.runs <= largest or period.start is None or end - period.start <= _SHORTEST:
        yield period
        return
    seconds = int((end - period.start).total_seconds())
    steps = min(_PERIODS, seconds)
    edges = [period.start + timedelta(seconds=seconds * step // steps) for step in range(steps)]
    for start, until in zip(edges, [*edges[1:], period.end], strict=True):
        yield Period(start, until, -1)


def _counted(store: PartReader, target: AnyTarget, periods: Sequence[Period]) -> list[Period]:
    """The periods with the numbers of their runs, all counted at one moment."""
    counts = store.count_parts(target, [period.part for period in periods])
    return [
        Period(period.start, period.end, count)
        for period, count in zip(periods, counts, strict=True)
    ]


def _packed(periods: Sequence[Period], largest: int) -> list[Period]:
    """Neighbours together, as long as they are not too large."""
    packed: list[Period] = []
    for period in periods:
        last = packed[-1] if packed else None
        if last is not None and last.runs + period.runs <= largest:
            packed[-1] = Period(last.start, period.end, last.runs + period.runs)
        else:
            packed.append(period)
    return packed


@dataclass(frozen=True, slots=True)
class _Done:
    """A partition was read to its end."""

    is_whole: bool
    """Whether as many runs were listed as the store counts, and their number never fell."""
    error: BaseException | None = None


def read_partitions(
    store: PartReader,
    target: AnyTarget,
    periods: Sequence[Period],
    turns: BoundedSemaphore,
    is_over: Callable[[], bool],
) -> Iterator[RunPage | bool]:
    """The pages of all partitions, as they come; and for each partition, whether it is whole.

    Args:
        store: Lists the runs.
        target: The target.
        periods: The partitions.
        turns: Limits how many pages are requested at once.
        is_over: Whether nothing more may be requested.

    Raises:
        StoreError: a page could not be read, or the pass is to end.

    """
    coming: Queue[RunPage | _Done] = Queue()
    stop = Event()

    def read(period: Period) -> None:
        try:
            is_whole = _read(
                store, target, period, turns, coming, lambda: stop.is_set() or is_over()
            )
            coming.put(_Done(is_whole))
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            coming.put(_Done(is_whole=False, error=error))

    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="janitor-part")
    left = len(periods)
    try:
        for period in periods:
            pool.submit(read, period)
        while left:
            found = coming.get()
            if isinstance(found, RunPage):
                yield found
                continue
            if found.error is not None:
                raise found.error
            left -= 1
            yield found.is_whole
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _read(
    store: PartReader,
    target: AnyTarget,
    period: Period,
    turns: BoundedSemaphore,
    coming: Queue[RunPage | _Done],
    is_over: Callable[[], bool],
) -> bool:
    seen: set[str] = set()
    cursors: set[str | None] = set()
    after: str | None = None
    expected, shrank = 0, False
    while after not in cursors:
        cursors.add(after)
        with turns:
            if is_over():
                raise StoreError(STOPPED)
            page = store.fetch_part(target, period.part, after)
        shrank |= (page.run_count or 0) < expected
        expected = page.run_count or 0
        seen.update(run.path for run in page.runs)
        coming.put(page)
        after = page.after
        if after is None:
            break
    return not shrank and len(seen) == expected
