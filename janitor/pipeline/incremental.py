"""Incremental reading: a scan asks for the runs that can have changed since the last one.

What is known of the others is compared with the server: it counts the runs that can have changed,
the others, and all of them at one moment. Only if every run is either read or known, and the number
of known runs is exactly that of the server, the target counts as read. Otherwise the caller reads
everything. No verdict ever rests on the index: every run that is judged was read in this pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Final

from janitor.errors import RejectedError, StateFileError
from janitor.model import AnyTarget, LocalTarget, Policy, ResolvedTarget, TargetKind
from janitor.model.parts import Changed, LeftOut, Named, Part, Unchanged, Whole
from janitor.model.ports import PartReader
from janitor.pipeline.run_index import Entry, RunIndex
from janitor.pipeline.scan import Pages, WholeReadError
from janitor.pipeline.settled import Learned, hashed
from janitor.pipeline.sweep_scan import Known, SweepScan

OVERLAP: Final = timedelta(minutes=10)
"""How far before the last pass a change may lie and is still asked for."""
JITTER: Final = 0.1
"""The share of ``full_every`` by which full reads of different targets are spread."""
_NAMES_AT_ONCE: Final = 500
_MOST_NAMES: Final = 5_000
"""With more runs to be asked for by name than this, everything is read."""
_FEW: Final = 3
"""Pages that are read without a look into the index: counting and asking for names takes as many
requests."""
_ALL: Final = (Whole(), LeftOut())


@dataclass(slots=True)
class Memory:
    """What passes remember of their targets. Safe from many threads.

    Args:
        index: Where it is kept.
        store: Lists and counts parts of targets.
        server: The server's address.
        judged_by: Says what judgements depend on, see :func:`policy_digest`.
        full_every: How often everything is read.
        now: The server's time before anything is read; aware, UTC.
        recent: The paths of runs that the janitor wrote, and when; the latest are read again.
        active_since: Runs without a sign of life since then are left out; seconds since 1970.
        page_size: How many runs are asked for at once.

    """

    index: RunIndex
    store: PartReader
    server: str
    judged_by: str
    full_every: timedelta
    now: datetime
    recent: Mapping[str, datetime] = field(default_factory=dict)
    active_since: int | None = None
    page_size: int = 1000
    _based: dict[str, Entry] = field(default_factory=dict)

    def read(self, target: AnyTarget, scan: SweepScan, read_pages: Callable[[Pages], bool]) -> None:
        """Read what can have changed, and find in the index what cannot.

        Args:
            target: The sweep or group.
            scan: Takes the runs; its ``learned`` is set.
            read_pages: Reads all pages into the scan; True if runs may have been skipped.

        Raises:
            WholeReadError: everything must be read, with a new scan.
            StoreError: the server could not be asked.

        """
        key = self._key(target)
        try:
            entry = self._usable(key)
            since = datetime.fromtimestamp(int(entry.watermark), UTC) - OVERLAP
            known = self._read_since(target, scan, entry, since, read_pages)
        except StateFileError as error:
            raise WholeReadError(f"the index cannot be used: {error}") from error
        except RejectedError as error:
            raise WholeReadError(f"the server refuses the filter: {error}") from error
        scan.known = known
        self._based[key] = entry

    def learn(self, scans: Iterable[tuple[AnyTarget, SweepScan]]) -> str | None:
        """Remember what complete scans found; why this failed, if it did."""
        if self.index.read_only:
            return None
        for target, scan in scans:
            if scan.learned is None or not scan.is_complete:
                continue
            key = self._key(target)
            try:
                self._remember(key, scan, scan.learned)
            except StateFileError as error:
                return f"the index of known runs is not kept up to date: {error}"
        return None

    def _remember(self, key: str, scan: SweepScan, learned: Learned) -> None:
        at = self.now.timestamp()
        others = tuple(sorted(learned.others))
        based = self._based.get(key)
        if based is None or scan.known is None:
            whole = Entry(self.judged_by, at, at, len(learned.settled.hashes), others)
            if self._is_small(whole) and self.index.entry(key) is None:
                return  # it is read at once next time as well
            self.index.write(key, whole, learned)
            return
        entry = replace(based, watermark=at, others=others)
        read = {*learned.settled.hashes, *map(hashed, learned.others)}
        self.index.update(key, based, entry, read, learned.settled)

    def _is_small(self, entry: Entry) -> bool:
        """Whether the target is read whole without a look into the index."""
        return entry.settled + len(entry.others) <= _FEW * self.page_size

    def _key(self, target: AnyTarget) -> str:
        return f"{self.server} {target.kind} {target}"

    def _usable(self, key: str) -> Entry:
        """What is known of the target.

        Raises:
            WholeReadError: nothing, or nothing that holds, or so little that it is read at once.
            StateFileError: the index is damaged.

        """
        entry = self.index.entry(key)
        if entry is None or self._is_small(entry):
            raise WholeReadError
        if entry.policy != self.judged_by:
            raise WholeReadError("the settings or the version of the janitor changed")
        now = self.now.timestamp()
        if not entry.full_at <= entry.watermark <= now:
            raise WholeReadError("the server's clock was set back")
        part = int(sha256(f"{key} {entry.full_at}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        if now >= entry.full_at + self.full_every.total_seconds() * (1 - JITTER * part):
            raise WholeReadError("the time of full_every has passed")
        return entry

    def _read_since(
        self,
        target: AnyTarget,
        scan: SweepScan,
        entry: Entry,
        since: datetime,
        read_pages: Callable[[Pages], bool],
    ) -> Known:
        counts = self._count(target, since)
        if counts.changed > counts.expected // 2:
            raise WholeReadError("most of its runs may have changed")
        if counts.changed:
            pages = partial(self.store.fetch_part, target, Changed(since))
            if (read_pages(pages) or scan.missing) and (read_pages(pages) or scan.missing):
                raise WholeReadError("the runs that may have changed could not be listed")
        listed = scan.seen
        self._read_named(target, scan, entry, since, read_pages)
        states = self._known(target, scan, entry)
        if not counts.confirm(listed, scan.seen - listed, states.total()):
            counts = self._count(target, since)  # runs may have changed meanwhile
            if not counts.confirm(listed, scan.seen - listed, states.total()):
                raise WholeReadError(
                    f"the server counts {counts.unchanged} runs without a change, and"
                    f" {states.total() + scan.seen - listed} are known"
                )
        scan.expected, scan.left_out = counts.expected, counts.left_out
        return Known(states, datetime.fromtimestamp(entry.full_at, UTC))

    def _count(self, target: AnyTarget, since: datetime) -> _Counts:
        found = self.store.count_parts(target, [Changed(since), Unchanged(since), *_ALL])
        counts = _Counts(*found)
        if counts.changed + counts.unchanged + counts.left_out != counts.whole:
            raise WholeReadError(
                f"the server counts {counts.changed} changed and {counts.unchanged} other runs of"
                f" {counts.whole - counts.left_out}, which do not add up"
            )
        return counts

    def _read_named(
        self,
        target: AnyTarget,
        scan: SweepScan,
        entry: Entry,
        since: datetime,
        read_pages: Callable[[Pages], bool],
    ) -> None:
        """Read the runs that were not settled, and those that the janitor wrote since then."""
        place = str(target).rsplit("/", 1)[0]
        wanted = {*entry.others, *self._recent(f"{place}/", since)}
        names = sorted(name for name in wanted if f"{place}/{name}" not in scan)
        if len(names) > _MOST_NAMES:
            raise WholeReadError(f"{len(names)} of its runs are not settled")
        for start in range(0, len(names), _NAMES_AT_ONCE):
            some: Part = Named(tuple(names[start : start + _NAMES_AT_ONCE]))
            read_pages(partial(self.store.fetch_part, target, some))

    def _recent(self, place: str, since: datetime) -> Iterator[str]:
        """The ids of the runs of a project that the janitor wrote since then, and some before.

        An undo leaves no sign of life, nor does an objective that an evaluation records late.
        """
        here = [(at, path) for path, at in self.recent.items() if path.startswith(place)]
        for index, (at, path) in enumerate(sorted(here, reverse=True)):
            if at >= since or index < _NAMES_AT_ONCE:
                yield path.removeprefix(place)

    def _known(self, target: AnyTarget, scan: SweepScan, entry: Entry) -> Counter[str]:
        """The runs by state that are settled by the index and were not read."""
        if scan.learned is None:
            raise TypeError("the scan does not learn")
        read = {*scan.learned.settled.hashes, *map(hashed, scan.learned.others)}
        states: Counter[str] = Counter()
        total = 0
        for _, settled in self.index.buckets(self._key(target)):
            total += len(settled.hashes)
            states += settled.without(read).count(self.active_since)
        if total != entry.settled:
            raise StateFileError(f"{entry.settled} runs are to be known, and {total} are")
        return states


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the server counts, at one moment."""

    changed: int
    unchanged: int
    whole: int
    left_out: int

    @property
    def expected(self) -> int:
        """All runs that are not left out."""
        return self.whole - self.left_out

    def confirm(self, listed: int, named: int, known: int) -> bool:
        """Whether each run is one of those read, or known."""
        return listed == self.changed and named + known == self.unchanged


def policy_digest(policy: Policy, version: str) -> str:
    """What judgements depend on: the policy, and the version of the janitor."""
    return sha256(f"{version} {_canonical(policy)}".encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(value: Any) -> str:
    """The value as text, the same in each process."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = (f"{each.name}={_canonical(getattr(value, each.name))}" for each in fields(value))
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, Mapping):
        pairs = (f"{_canonical(key)}: {_canonical(item)}" for key, item in value.items())
        return f"{{{', '.join(sorted(pairs))}}}"
    if isinstance(value, frozenset | set):
        return f"{{{', '.join(sorted(map(_canonical, value)))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_canonical, value))}]"
    return repr(value)


def may_be_incremental(sweeps: Sequence[ResolvedTarget]) -> set[AnyTarget]:
    """The targets of which no run can belong to another target of the pass.

    A run is in one sweep and in one group, but it may be in a target of each kind.
    """
    kinds: dict[tuple[str | None, str], set[str]] = {}
    for sweep in sweeps:
        target = sweep.target
        if not isinstance(target, LocalTarget):
            kinds.setdefault((target.entity, target.project), set()).add(target.kind)
    return {
        sweep.target
        for sweep in sweeps
        if not isinstance(sweep.target, LocalTarget)
        and sweep.target.kind in {TargetKind.SWEEP, TargetKind.GROUP}
        and len(kinds[sweep.target.entity, sweep.target.project]) == 1
    }
