"""Writes that an earlier pass began and did not see through: the next one looks after them.

A pass that is killed between a write and its read-back leaves open whether the write covered what
the run's own process sent meanwhile (:mod:`janitor.pipeline.repair.races`). So does a
write whose answer was lost: it may land when its pass has long given it up. The journal
records how the run stood before and, by a digest, what was sent. Where that stands, untouched by
anybody, the read-back is done now.
What it gives back is the run's own; our marks go, and the rules judge the run anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from janitor.model import IGNORE_TAG, Liveness, Outcome, RunInfo, WandbState
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import Withdrawn
from janitor.pipeline.repair import Result, Writer
from janitor.pipeline.repair.heartbeats import worked
from janitor.pipeline.repair.races import recover
from janitor.pipeline.repair.attempt import Attempt
from janitor.records.journal import JournaledWrite, JournalRecord
from janitor.records.keys import path_of

_UNDER_WAY: Final = timedelta(minutes=15)
"""A write of this age is not under way any more, whoever made it: neither here nor at a gateway."""
_LOOKED_FOR: Final = timedelta(days=1)
"""What could not be settled in so long is left, or every pass to come would tell of it again."""


@dataclass(frozen=True, slots=True)
class OpenWrite:
    """A write without a good end, and the journal that tells of it."""

    write: JournaledWrite
    journal: JournalRecord

    def is_past(self, age: timedelta, now: datetime) -> bool:
        """Whether it was begun longer ago than that; so was one that does not tell when."""
        began = parse_time(self.write.at)
        return began is None or now - began > age

    def is_ours_to_see_through(self, now: datetime) -> bool:
        """Whether its own pass does so no more."""
        liveness = self.journal.liveness
        if liveness is Liveness.UNKNOWN:
            return self.is_past(_UNDER_WAY, now)
        return liveness is Liveness.DEAD

    def attempt(self, found: RunInfo) -> Attempt | None:
        """The write as its own pass knew it; None where the run does not hold what it sent."""
        write, namespace = self.write, self.journal.namespace
        if write.written != summaries.digest(found.summary):
            return None
        at = parse_time(write.at)
        if at is None:
            return None
        keys = dict.fromkeys([*write.after, *write.before])
        places = {key: path_of(key, write.form, namespace) for key in keys}
        values = {place: write.after.get(key, ABSENT) for key, place in places.items()}
        before = {place: write.before.get(key, ABSENT) for key, place in places.items()}
        as_it_was = replace(
            found,
            summary=summaries.edited(found.summary, before),
            wandb_state=WandbState(write.wandb_state),
            heartbeat_at=write.heartbeat_at,
            history_lines=write.history_lines,
        )
        edits = Edits(write.form, values)
        proposal = _GivenBack(write.run, as_it_was.wandb_state)
        return Attempt(proposal, as_it_was, edits, before, found.summary, at)


@dataclass(frozen=True, slots=True)
class _GivenBack:
    """A run that gets back what is its own, and nothing of ours."""

    path: str
    wandb_state: WandbState

    def edits(self, fresh: RunInfo, now: datetime) -> Withdrawn:  # noqa: ARG002 - a Proposal's signature
        """Nothing."""
        return Withdrawn("it is judged anew")


def _is_settled(write: JournaledWrite) -> bool:
    """Whether it is known to have landed, and to have covered nothing that is not put back.

    One that was superseded before its answer came may land yet.
    """
    return write.outcome == Outcome.WRITTEN or (
        bool(write.put_back) and write.outcome == Outcome.SUPERSEDED
    )


@dataclass(slots=True)
class OpenWrites:
    """The open writes of each run, by its path, the oldest first."""

    _runs: dict[str, list[OpenWrite]] = field(default_factory=dict)

    def add(self, journal: JournalRecord) -> None:
        """Take in a journal; the older ones first."""
        told: dict[str, list[JournaledWrite]] = {}
        for write in journal.writes:
            told.setdefault(write.run, []).append(write)
        for run, writes in told.items():
            all_matter = not _is_settled(writes[-1])
            open_writes = [write for write in writes if all_matter or not _is_settled(write)]
            if open_writes:
                known = self._runs.setdefault(run, [])
                known += [OpenWrite(write, journal) for write in open_writes]
        for run in journal.looked_after:
            self._runs.pop(run, None)

    def of(self, run: str) -> Sequence[OpenWrite]:
        """Those of one run."""
        return self._runs.get(run, ())

    def runs(self) -> Sequence[str]:
        """The paths of the runs that have any."""
        return tuple(self._runs)


def look_after(
    writes: Mapping[str, Sequence[OpenWrite]], writer: Writer, now: datetime
) -> Iterator[tuple[str, str]]:
    """See the open writes through; a sentence for each run that had lost something by them.

    Args:
        writes: The open writes of each run, by its path.
        writer: Reads, and gives back.
        now: The present moment, UTC.

    """
    recent = {
        run: [one for one in those if not one.is_past(_LOOKED_FOR, now)]
        for run, those in writes.items()
    }
    ours = {
        run: those
        for run, those in recent.items()
        if those and all(one.is_ours_to_see_through(now) for one in those)
    }
    if not ours or writer.should_stop():
        return
    found = writer.read(list(ours))
    for run, those in ours.items():
        fresh = found[run]
        if writer.should_stop():
            return
        if not isinstance(fresh, RunInfo) or fresh.defect is not None or IGNORE_TAG in fresh.tags:
            continue  # a later pass may be able, or allowed, to
        result = _seen_through(those, fresh, writer)
        if result is None:
            if all(one.is_past(_UNDER_WAY, now) for one in those):
                writer.record_looked_after(run)
            continue
        if result.outcome is Outcome.SUPERSEDED:
            writer.settled(result)
            writer.record_looked_after(run)
        yield run, f"{those[-1].journal.path.name} left a write to it open: {result.error}"


def _seen_through(writes: Sequence[OpenWrite], found: RunInfo, writer: Writer) -> Result | None:
    """What the write that stands in the run came to; None where it covered nothing."""
    attempts = (one.attempt(found) for one in reversed(writes))
    attempt = next((one for one in attempts if one is not None), None)
    if attempt is None or not worked(attempt.run, found):
        return None
    result = recover(attempt, found, writer)
    return None if result.outcome is Outcome.WRITTEN else result
