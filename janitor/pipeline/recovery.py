"""Open writes: an earlier pass began them and does not know their effect; this pass checks them.

A pass that is killed between a write and its read-back does not know whether the write overwrote
what the run's own process sent meanwhile (:mod:`janitor.pipeline.repair.races`). A write whose
answer was lost may arrive after its pass has stopped waiting, and a gateway may deliver a write
twice. The journal records the run before the write and a digest of what was sent. If the run is
still exactly what was sent, the read-back is done now: it restores the run's own values and removes
the janitor's marks, and the rules judge the run again. If the run's process continued from the
janitor's write, the run is reported: what it sent right before may be lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from janitor.model import Liveness, Outcome, Policy, RunInfo, WandbState
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.pipeline.edits import Edits
from janitor.pipeline.repair import Result, Writer
from janitor.pipeline.repair.attempt import Attempt
from janitor.pipeline.repair.heartbeats import grew, heartbeat_moved, worked
from janitor.pipeline.repair.races import recover
from janitor.pipeline.repair.trial import WENT_ON
from janitor.records.journal import JournaledWrite, JournalRecord
from janitor.records.keys import path_of
from janitor.rules.selection import why_not_ours

_UNDER_WAY: Final = timedelta(minutes=15)
"""A write of this age has ended, both here and at a gateway."""
_CAME_LATE: Final = (
    "an earlier attempt to write it arrived after a later one: what others wrote to the run in"
    " between is lost"
)
_LOOKED_FOR: Final = timedelta(days=1)
"""Older writes are ignored; otherwise every later pass would report them again."""


@dataclass(frozen=True, slots=True)
class OpenWrite:
    """A write that may have done harm, and the journal that records it."""

    write: JournaledWrite
    journal: JournalRecord
    is_settled: bool = False
    """Whether the read-back succeeded, so that only a second delivery can do harm."""
    is_reported: bool = False
    """Whether its own pass reported the run as failed."""

    def is_past(self, age: timedelta, now: datetime) -> bool:
        """Whether it began longer ago than ``age``; also true if its time is not known."""
        began = parse_time(self.write.at)
        return began is None or now - began > age

    def is_ours_to_see_through(self, now: datetime) -> bool:
        """Whether its own pass has ended, so that this pass finishes the write."""
        liveness = self.journal.liveness
        if liveness is Liveness.UNKNOWN:
            return self.is_past(_UNDER_WAY, now)
        return liveness is Liveness.DEAD

    def stands_in(self, found: RunInfo) -> bool:
        """Whether the run's summary is exactly what this write sent."""
        return self.write.written == summaries.digest(found.summary)

    def attempt(self, found: RunInfo) -> Attempt | None:
        """The write as its own pass recorded it, on the run as it is now; None if impossible."""
        write, namespace = self.write, self.journal.namespace
        at = parse_time(write.at)
        if at is None or write.written is None:
            return None
        keys = dict.fromkeys([*write.after, *write.before])
        places = {key: path_of(key, write.form, namespace) for key in keys}
        values = {place: write.after.get(key, ABSENT) for key, place in places.items()}
        before = {place: write.before.get(key, ABSENT) for key, place in places.items()}
        try:
            summary = summaries.edited(found.summary, before)
        except ValueError:
            return None  # another value blocks the janitor's keys now
        as_it_was = replace(
            found,
            summary=summary,
            wandb_state=WandbState(write.wandb_state),
            heartbeat_at=write.heartbeat_at,
            history_lines=write.history_lines,
        )
        edits = Edits(write.form, values)
        return Attempt(None, as_it_was, edits, before, found.summary, at)


@dataclass(slots=True)
class OpenWrites:
    """The writes of each run that may do harm, by its path, the oldest first."""

    _runs: dict[str, list[OpenWrite]] = field(default_factory=dict)

    def add(self, journal: JournalRecord) -> None:
        """Add a journal; add the older ones first."""
        by_run: dict[str, list[JournaledWrite]] = {}
        for write in journal.writes:
            by_run.setdefault(write.run, []).append(write)
        for run, writes in by_run.items():
            last = writes[-1]
            self._runs.setdefault(run, []).extend(
                OpenWrite(
                    write,
                    journal,
                    is_settled=last.is_settled and write.is_settled,
                    is_reported=write is last and write.outcome == Outcome.FAILED,
                )
                for write in writes
            )
        for run in journal.looked_after:
            self._runs.pop(run, None)

    def of(self, run: str) -> Sequence[OpenWrite]:
        """The open writes of one run."""
        return self._runs.get(run, ())

    def runs(self) -> Sequence[str]:
        """The paths of the runs with open writes."""
        return tuple(self._runs)


def look_after(
    writes: Mapping[str, Sequence[OpenWrite]], writer: Writer, now: datetime, policy: Policy
) -> Iterator[tuple[str, str]]:
    """Finish the open writes; a path and a sentence for each run that lost something, or may have.

    Args:
        writes: The open writes of each run, by its path.
        writer: Reads the runs and restores their values.
        now: The present time, UTC.
        policy: Defines which runs are untracked or ignored: these are not written.

    """
    recent = {
        run: [
            one
            for one in those
            if not one.is_past(_UNDER_WAY if one.is_settled else _LOOKED_FOR, now)
        ]
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
        if not isinstance(fresh, RunInfo) or fresh.defect is not None:
            continue  # a later pass may be able to
        if why_not_ours(fresh, policy) is not None:
            continue
        is_old = all(one.is_past(_UNDER_WAY, now) for one in those)
        result = _effect(those, fresh, writer)
        if result is None:
            if is_old and not all(one.is_settled for one in those):
                writer.record_looked_after(run)
            continue
        if result.outcome is Outcome.SUPERSEDED:
            writer.settled(result)
        if result.outcome is Outcome.SUPERSEDED or result.error in {WENT_ON, _CAME_LATE}:
            writer.record_looked_after(run)
        yield run, f"{those[-1].journal.path.name} left a write to it open: {result.error}"


def _effect(writes: Sequence[OpenWrite], found: RunInfo, writer: Writer) -> Result | None:
    """The effect of the write that is in the run now; None if it overwrote nothing."""
    for place, one in reversed(list(enumerate(writes))):
        attempt = one.attempt(found)
        if attempt is None:
            continue
        if not _may_have_covered(one, attempt, found):
            later = writes[place + 1 :]
            if one.stands_in(found) and any(each.write.is_settled for each in later):
                return attempt.result(Outcome.FAILED, _CAME_LATE)
            continue
        if one.stands_in(found):
            result = recover(attempt, found, writer)
            return None if result.outcome is Outcome.WRITTEN else result
        if attempt.marks_in(found) and not (one.is_reported or one.is_settled):
            return attempt.result(Outcome.FAILED, WENT_ON)
    return None


def _may_have_covered(write: OpenWrite, attempt: Attempt, found: RunInfo) -> bool:
    """Whether the run's process may have sent something between the write's read and its arrival.

    By now, the write itself may also have moved the heartbeat. What the process uploaded shows the
    difference; otherwise the run is reported.
    """
    if write.is_settled:
        return grew(attempt.run, found)
    moved = heartbeat_moved(attempt.run, found) and not write.is_reported
    return worked(attempt.run, found) or moved
