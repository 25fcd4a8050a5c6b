"""The race that remains: a run's own process was at work between our read and our write.

Our write is the whole summary, so it may have covered what the process sent meanwhile. A process
that ended left its last summary behind as a file; what that file tells and the server no longer
has is put back, and the run is judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from janitor import summary as summaries
from janitor.edits import Edits
from janitor.errors import JournalError, StoreError
from janitor.evidence import parse_time
from janitor.model import Outcome, RunInfo
from janitor.plan import Withdrawn
from janitor.repair.attempt import Attempt, Writer
from janitor.repair.parts import Result
from janitor.summary import ABSENT, Path

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
        return attempt.result(Outcome.WRITTEN, attempt.edits.note)
    truth = _truth(attempt, found, uploaded)
    if not truth.covered:
        return attempt.result(Outcome.WRITTEN, attempt.edits.note)
    return _put_back(attempt, found, truth, writer)


def _uploaded(attempt: Attempt, writer: Writer) -> Mapping[str, Any] | None:
    """The run's own last summary, if its process ended at about the time of our write."""
    answer = writer.store.fetch_uploaded_summary(attempt.proposal.path)
    if answer is None:
        return None
    summary, uploaded_at = answer
    time = parse_time(uploaded_at)
    if time is not None and time < attempt.at - _SAME_END:
        return None
    fresh, own = attempt.run.summary.get("_timestamp"), summary.get("_timestamp")
    if isinstance(fresh, int | float) and isinstance(own, int | float) and own < fresh:
        return None
    return summary


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
    as_it_was = replace(found, summary=truth.summary)
    decided = attempt.proposal.edits(as_it_was, now)
    wanted = truth.summary if isinstance(decided, Withdrawn) else decided.applied(truth.summary)
    names = ", ".join(sorted(truth.covered))
    mending = Edits(attempt.edits.form, _changes(found.summary, wanted))
    told = f"its own process was at work meanwhile; put back: {names}"
    after: RunInfo | StoreError | JournalError
    try:
        writer.journal.intend(found, mending, mending.before(found.summary), now)
        writer.store.update_run_summary(found, wanted)
        after = writer.store.fetch_summaries([found.path])[found.path]
    except (StoreError, JournalError) as error:
        after = error
    if not isinstance(after, RunInfo):
        return attempt.result(
            Outcome.FAILED, f"covered keys could not be put back: {names} ({after})"
        )
    if list(summaries.differences(wanted, after.summary)):
        return attempt.result(Outcome.FAILED, f"covered keys may not be put back: {names}")
    if isinstance(decided, Withdrawn):
        return Result(
            attempt.proposal,
            Outcome.SUPERSEDED,
            f"{told}; {decided.reason}",
            state=decided.state,
            window=attempt.window,
            began=True,
        )
    return attempt.result(Outcome.WRITTEN, told)


def _changes(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[Path, Any]:
    """The top-level keys in which two summaries differ, and what is to stand there."""
    keys = found.keys() | wanted.keys()
    return {
        (key,): wanted.get(key, ABSENT)
        for key in sorted(keys)
        if not summaries.same_or_absent(found.get(key, ABSENT), wanted.get(key, ABSENT))
    }
