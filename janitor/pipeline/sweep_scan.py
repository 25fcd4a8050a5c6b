"""What a scan of one sweep or group found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from janitor.model import Clean, SweepRunState, Untracked
from janitor.pipeline.settled import Learned
from janitor.rules import Judgement


@dataclass(frozen=True, slots=True)
class Known:
    """The runs of a target that were not read, because nothing of them can have changed."""

    states: Counter[str] = field(default_factory=Counter)
    """How many, by state; also ``untracked``."""
    full_at: datetime | None = None
    """When every run of the target was last read."""

    @property
    def runs(self) -> int:
        """How many."""
        return self.states.total()


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
    known: Known | None = None
    """The runs that were not read; None if every run was read."""
    whole_because: str | None = None
    """Why every run was read, if less would have been tried."""
    learned: Learned | None = None
    """What the next pass can know of these runs; None if nothing is remembered."""

    @property
    def read(self) -> int:
        """Distinct runs that were read."""
        return len(self.judged) + len(self.clean) + len(self.untracked)

    @property
    def seen(self) -> int:
        """Distinct runs that were read or are known."""
        return self.read + (self.known.runs if self.known else 0)

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

    def add(self, judgement: Judgement, now: datetime) -> None:
        """Add a run, as it was judged now."""
        path, verdict = judgement.run.path, judgement.verdict
        if self.learned is not None:
            self.learned.add(judgement, now)
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
