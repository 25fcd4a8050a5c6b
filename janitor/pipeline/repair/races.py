"""The race that remains: a run's own process was at work between the read and the write.

The write is the whole summary, so it may have covered what the process sent meanwhile. A process
that ended left its last summary behind as a file. Only where that file is proved to hold the last
thing that the run logged, what it holds and the server lost is put back, and the run is judged
again. Everything else is undecidable, and fails by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from janitor.errors import JournalError, StoreError, TransientError
from janitor.model import Outcome, RunInfo
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT, Path
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import Withdrawn
from janitor.pipeline.repair.attempt import Attempt, Result
from janitor.pipeline.repair.heartbeats import grew, worked
from janitor.pipeline.repair.writer import Writer

_PAUSE: Final = 0.5
"""Seconds between two attempts to put keys back."""
_SAME_END: Final = timedelta(minutes=1)
"""A process that ends uploads its file before its last log arrives, by no more than this."""
_AGAIN: Final = "the run's process may have been at work again"
_AT_WORK: Final = "the run's process was at work while it was written"


@dataclass(frozen=True, slots=True)
class _Restored:
    """A run's summary as it would be without the write."""

    summary: Mapping[str, Any]
    covered: tuple[str, ...]
    """The keys that the write had covered."""


def recover(attempt: Attempt, found: RunInfo, writer: Writer) -> Result:
    """What became of a write that is still in a run whose process worked meanwhile."""
    if not found.wandb_state.has_ended:
        return attempt.result(
            Outcome.FAILED,
            f"{_AT_WORK}, and W&B says {found.wandb_state} now: what it logged in between may be"
            " covered until it logs again",
        )
    try:
        last = _last_summary(attempt, found, writer)
    except StoreError as error:
        return attempt.result(
            Outcome.FAILED, f"{_AT_WORK}, and what it uploaded cannot be read: {error}"
        )
    if last is None:
        return attempt.result(
            Outcome.FAILED,
            f"{_AT_WORK}, and nothing that it uploaded is proved to be its last summary: what it"
            " logged in between may be covered",
        )
    restored = _restored(attempt, found, last)
    if restored.covered:
        return _put_back(attempt, found, restored, writer)
    if attempt.lacking(found) is None:
        return attempt.result(Outcome.WRITTEN, attempt.edits.note)
    return not_there(attempt, found)


def _next_second(moment: datetime) -> datetime:
    """W&B cuts times to seconds: what it dates so is certainly later."""
    return moment.replace(microsecond=0) + timedelta(seconds=1)


def ended_again(attempt: Attempt, writer: Writer) -> bool:
    """Whether a process of the run ended, and uploaded its summary, since the run was read."""
    try:
        answer = writer.store.fetch_uploaded_summary(attempt.run.path)
    except StoreError:
        return True  # recover() meets it too, and says so
    uploaded = None if answer is None else parse_time(answer[1])
    return uploaded is not None and uploaded >= attempt.at.replace(microsecond=0)


def not_there(attempt: Attempt, found: RunInfo) -> Result:
    """The result of a write that the server does not hold as it was sent."""
    return attempt.result(
        Outcome.FAILED, f"the server does not have what was written: {attempt.lacking(found)}"
    )


def _last_summary(attempt: Attempt, found: RunInfo, writer: Writer) -> Mapping[str, Any] | None:
    """The summary that the run's process uploaded at its end; None where that is not proved.

    A run may have been resumed, and its later process may have been killed, or its file may be on
    its way. So the file must hold the last row of the history. Where the history did not grow,
    that proves nothing new: then the file must have been uploaded since the read, and the process
    must have ended by itself.
    """
    logged = grew(attempt.run, found)
    if not logged and found.wandb_state not in {"finished", "failed"}:
        return None
    path = attempt.run.path
    answer = writer.store.fetch_uploaded_summary(path)
    if answer is None:
        return None
    summary, uploaded_at = answer
    uploaded = parse_time(uploaded_at)
    earliest = attempt.at - _SAME_END if logged else _next_second(attempt.at)
    if uploaded is None or uploaded < earliest:
        return None
    row = writer.store.fetch_last_row(path)
    return summary if row is not None and _holds(summary, row) else None


def _holds(summary: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a summary was made when this row of the history was the last.

    The SDK gives each row a step and a time, and repeats both in the summary. Other keys of the
    summary may be set apart from the history.
    """
    keys = [key for key in ("_step", "_timestamp") if key in row] or list(row)
    return bool(keys) and all(
        summaries.same_or_absent(summary.get(key, ABSENT), row[key]) for key in keys
    )


def _restored(attempt: Attempt, found: RunInfo, last: Mapping[str, Any]) -> _Restored:
    """What the server has now, without our edits, with the run's own changes since the read."""
    fresh = attempt.run.summary
    ours = {
        path: attempt.before[path]
        for path, value in attempt.edits.values.items()
        if summaries.same_or_absent(summaries.get(found.summary, path), value)
    }
    summary = summaries.edited(found.summary, ours)
    covered = [
        key
        for key, value in last.items()
        if not summaries.same_or_absent(fresh.get(key, ABSENT), value)
        and summaries.same_or_absent(summary.get(key, ABSENT), fresh.get(key, ABSENT))
    ]
    return _Restored({**summary, **{key: last[key] for key in covered}}, tuple(covered))


def _put_back(attempt: Attempt, found: RunInfo, restored: _Restored, writer: Writer) -> Result:
    """Write the run's own keys again, with our edits where it is judged as before."""
    now = writer.clock.now()
    mended, decided = _mended(attempt, replace(found, summary=restored.summary), now)
    names = ", ".join(sorted(restored.covered))
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
    said = f"its own process was at work meanwhile; put back: {names}"
    if lost := _lost(attempt, found, restored):
        return mended.result(
            Outcome.FAILED, f"{said}; the server does not have what was written: {lost}"
        )
    if isinstance(decided, Withdrawn):
        gone = mended.result(Outcome.SUPERSEDED, f"{said}; {decided.reason}")
        return replace(gone, state=decided.state)
    return mended.result(Outcome.WRITTEN, said)


def _mended(
    attempt: Attempt, as_it_was: RunInfo, now: datetime
) -> tuple[Attempt, Edits | Withdrawn]:
    """The write to make on top of the run's own summary, as it is judged now."""
    decided: Edits | Withdrawn = Withdrawn("it is judged again")
    if attempt.proposal is not None:
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

    What is at stake is the run's own, so a write that may come through is sent again. Each is sent
    right after a read that shows the run as it was found.
    """
    why = None
    for _ in range(writer.attempts):
        is_final, why = _write_once(mended, found, writer)
        if is_final:
            return why
        writer.sleep(_PAUSE)
    last = writer.read([found.path])[found.path]
    return None if _missing(mended, found, last) is None else why


def _write_once(mended: Attempt, found: RunInfo, writer: Writer) -> tuple[bool, str | None]:
    """Whether another attempt is useless; and what :func:`_write` returns."""
    began = writer.read_age.now()
    fresh = writer.read([found.path])[found.path]
    why = _missing(mended, found, fresh)
    if why is None or isinstance(fresh, StoreError) or not _is_as_found(found, fresh):
        return True, why
    if writer.read_age.is_too_old(began):
        return False, "the run's fresh read was too old when the write was to be sent"
    try:
        writer.store.update_run_summary(fresh, mended.written)
    except TransientError as error:
        return False, str(error)  # it may have been applied: the next read shows it
    except StoreError as error:
        return True, str(error)
    after = writer.read([found.path])[found.path]
    if isinstance(after, RunInfo) and writer.heartbeats.show_life(fresh, after):
        return True, _AGAIN
    return True, _missing(mended, fresh, after)


def _missing(mended: Attempt, base: RunInfo, run: RunInfo | StoreError) -> str | None:
    """Why the run is not known to hold the repaired summary; None if it is."""
    if isinstance(run, StoreError):
        return str(run)
    if run.defect is not None:
        return f"it reads back damaged: {run.defect}"
    if worked(base, run):
        return _AGAIN
    lacking = mended.lacking(run)
    return None if lacking is None else f"the server does not have {lacking}"


def _is_as_found(found: RunInfo, fresh: RunInfo) -> bool:
    return (
        fresh.defect is None
        and (fresh.wandb_state, fresh.history_lines) == (found.wandb_state, found.history_lines)
        and summaries.same(fresh.summary, found.summary)
    )


def _lost(attempt: Attempt, found: RunInfo, restored: _Restored) -> str:
    """The keys that were sent, are gone, and that the run's own process did not bring back."""
    return ", ".join(
        sorted(
            path[0]
            for path, _, now in summaries.differences(attempt.written, found.summary)
            if now is ABSENT and path[0] not in restored.covered
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
