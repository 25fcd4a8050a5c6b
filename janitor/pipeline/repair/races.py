"""The race that remains: a run's own process was at work between our read and our write.

Our write is the whole summary, so it may have covered what the process sent meanwhile. A process
that ended left its last summary behind as a file; what that file tells and the server no longer
has is put back, and the run is judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from janitor.errors import JournalError, StoreError, TransientError
from janitor.model import Outcome, RunInfo
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT, Path
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import Withdrawn
from janitor.pipeline.repair.protocols import Result
from janitor.pipeline.repair.writer import Attempt, Writer

_PAUSE = 0.5
"""Seconds between two attempts to give a run back what is its own."""
_SAME_END = timedelta(minutes=1)
"""A file uploaded longer than this before our read tells of an earlier life of the run."""


@dataclass(frozen=True, slots=True)
class _Truth:
    """A run's summary as it would stand had we not written."""

    summary: Mapping[str, Any]
    covered: tuple[str, ...]
    """The keys that our write had covered."""


def showed_life(before: RunInfo, after: RunInfo) -> bool:
    """Whether a run's own process may have been at work between two readings.

    The heartbeat of a run that has ended counts for nothing: only our own write can move it.
    """
    may_beat = not (before.wandb_state.has_ended and after.wandb_state.has_ended)
    beat = may_beat and before.heartbeat_at != after.heartbeat_at
    return beat or did_work(before, after)


def did_work(before: RunInfo, after: RunInfo) -> bool:
    """Whether it did more than send a heartbeat, which our own write may move."""
    return (before.wandb_state, before.history_lines) != (after.wandb_state, after.history_lines)


def recover(attempt: Attempt, found: RunInfo, writer: Writer) -> Result:
    """What became of a write that our read-back found standing in a run that showed life."""
    try:
        uploaded = _uploaded(attempt, writer)
    except StoreError as error:
        return attempt.result(
            Outcome.FAILED,
            "the run's process was at work while it was written, and what it uploaded cannot be"
            f" read: {error}",
        )
    if uploaded is None:
        if did_work(attempt.run, found):
            return attempt.result(
                Outcome.FAILED,
                "the run's process was at work while it was written: what it logged in between"
                " may be covered until it logs again",
            )
        return _standing(attempt, found)
    truth = _truth(attempt, found, uploaded)
    if not truth.covered:
        return _standing(attempt, found)
    return _put_back(attempt, found, truth, writer)


def _standing(attempt: Attempt, found: RunInfo) -> Result:
    """What became of a write that covered nothing."""
    lacking = attempt.lacking(found)
    if lacking is None:
        return attempt.result(Outcome.WRITTEN, attempt.edits.note)
    return attempt.result(Outcome.FAILED, f"the server does not have what was written: {lacking}")


def _uploaded(attempt: Attempt, writer: Writer) -> Mapping[str, Any] | None:
    """The run's own last summary, if its process ended at about the time of our write."""
    answer = writer.store.fetch_uploaded_summary(attempt.proposal.path)
    if answer is None:
        return None
    summary, uploaded_at = answer
    time = parse_time(uploaded_at)
    if time is not None and time < attempt.at - _SAME_END:
        return None
    logged_before = parse_time(attempt.run.summary.get("_timestamp"))
    logged_last = parse_time(summary.get("_timestamp"))
    if logged_before is None or logged_last is None:
        return None if time is None else summary
    return summary if logged_last >= logged_before else None


def _truth(attempt: Attempt, found: RunInfo, uploaded: Mapping[str, Any]) -> _Truth:
    """What the server has now, less our edits, with the run's own changes since our read."""
    fresh = attempt.run.summary
    ours = {
        path: attempt.before[path]
        for path, value in attempt.edits.values.items()
        if summaries.same_or_absent(summaries.get(found.summary, path), value)
    }
    summary = summaries.edited(found.summary, ours)
    covered = [
        key
        for key, value in uploaded.items()
        if not summaries.same_or_absent(fresh.get(key, ABSENT), value)
        and summaries.same_or_absent(summary.get(key, ABSENT), fresh.get(key, ABSENT))
    ]
    return _Truth({**summary, **{key: uploaded[key] for key in covered}}, tuple(covered))


def _put_back(attempt: Attempt, found: RunInfo, truth: _Truth, writer: Writer) -> Result:
    """Write the run's own keys again, with our edits where it is judged as before."""
    now = writer.clock.now()
    mended, decided = _mended(attempt, replace(found, summary=truth.summary), now)
    names = ", ".join(sorted(truth.covered))
    try:
        writer.journal.settle(found.path, Outcome.WRITTEN, f"it covered {names}")
        writer.journal.intend(
            found, mended.edits, mended.before, now, _changes(found.summary, mended.written)
        )
    except JournalError as error:
        writer.halt(error)
        return attempt.result(
            Outcome.FAILED, f"covered keys could not be put back: {names} ({error})"
        )
    failure = _write(mended, found, writer)
    if failure is not None:
        return attempt.result(
            Outcome.FAILED, f"covered keys could not be put back: {names} ({failure})"
        )
    told = f"its own process was at work meanwhile; put back: {names}"
    if lost := _lost(attempt, found, truth):
        return mended.result(
            Outcome.FAILED, f"{told}; the server does not have what was written: {lost}"
        )
    if isinstance(decided, Withdrawn):
        gone = mended.result(Outcome.SUPERSEDED, f"{told}; {decided.reason}")
        return replace(gone, state=decided.state)
    return mended.result(Outcome.WRITTEN, told)


def _mended(
    attempt: Attempt, as_it_was: RunInfo, now: datetime
) -> tuple[Attempt, Edits | Withdrawn]:
    """The write to make on top of the run's own summary, as it is judged now."""
    decided = attempt.proposal.edits(as_it_was, now)
    edits = Edits(attempt.edits.form, {}) if isinstance(decided, Withdrawn) else decided
    try:
        written = edits.applied(as_it_was.summary)
    except ValueError as error:
        decided, edits = Withdrawn(str(error)), Edits(attempt.edits.form, {})
        written = dict(as_it_was.summary)
    before = edits.before(as_it_was.summary)
    return replace(attempt, edits=edits, before=before, written=written), decided


def _write(mended: Attempt, found: RunInfo, writer: Writer) -> str | None:
    """Write, and read back; why the server does not have it, if it does not.

    What is at stake is the run's own, so a write that may come through is sent again, as long as
    the read-back shows that the run lay still.
    """
    why = None
    for _ in range(writer.attempts):
        unanswered = None
        try:
            writer.store.update_run_summary(found, mended.written)
        except TransientError as error:
            unanswered = str(error)  # it may have been applied: the read-back tells
        except StoreError as error:
            return str(error)
        after = writer.read([found.path])[found.path]
        if isinstance(after, StoreError):
            return unanswered or str(after)
        if after.defect is not None:
            return f"it reads back damaged: {after.defect}"
        lacking = mended.lacking(after)
        if lacking is None:
            return None
        why = unanswered or f"the server does not have {lacking}"
        if unanswered is None or not summaries.same(found.summary, after.summary):
            return why
        writer.sleep(_PAUSE)
    return why


def _lost(attempt: Attempt, found: RunInfo, truth: _Truth) -> str:
    """The keys that were sent, are gone, and that the run's own process did not bring back."""
    return ", ".join(
        sorted(
            path[0]
            for path, _, now in summaries.differences(attempt.written, found.summary)
            if now is ABSENT and path[0] not in truth.covered
        )
    )


def _changes(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[Path, Any]:
    """The top-level keys in which two summaries differ, and what is to stand there."""
    keys = found.keys() | wanted.keys()
    return {
        (key,): wanted.get(key, ABSENT)
        for key in sorted(keys)
        if not summaries.same_or_absent(found.get(key, ABSENT), wanted.get(key, ABSENT))
    }
