"""A write held against what the server then has, key by key."""

from __future__ import annotations

from janitor.errors import StoreError
from janitor.model import Outcome, RunInfo
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT, differences
from janitor.pipeline.repair.protocols import Result
from janitor.pipeline.repair.races import recover, showed_life
from janitor.pipeline.repair.writer import Attempt, Writer
from janitor.records.keys import key_of


def check(attempt: Attempt, found: RunInfo | StoreError, writer: Writer) -> Result:
    """What became of a write, by the run as it was read back."""
    if isinstance(found, StoreError):
        return attempt.result(
            Outcome.FAILED, f"may have been written, but could not be read back: {found}"
        )
    if found.defect is not None:
        return attempt.result(Outcome.FAILED, f"reads back damaged: {found.defect}")
    if showed_life(attempt.run, found):
        result = _lived(attempt, found, writer)
    else:
        result = _unlived(attempt, found)
    if result.outcome is Outcome.FAILED and (lost := attempt.lost(found)):
        writer.halt(
            f"the server loses what is not the janitor's: of {found.path} {', '.join(lost)} is gone"
        )
    return result


def _lived(attempt: Attempt, found: RunInfo, writer: Writer) -> Result:
    """What became of the write to a run whose own process may have been at work meanwhile."""
    if attempt.edits.stand_in(found.summary):
        return recover(attempt, found, writer)
    changes = differences(attempt.written, found.summary)
    if all(now is ABSENT for _, _, now in changes):
        return attempt.result(
            Outcome.FAILED, f"the server does not have what was written: {attempt.lacking(found)}"
        )
    return attempt.result(Outcome.SUPERSEDED, "its own process wrote over it meanwhile")


def _unlived(attempt: Attempt, found: RunInfo) -> Result:
    """What became of the write to a run that lay still meanwhile."""
    lacking = attempt.lacking(found)
    if lacking is None:
        return attempt.result(Outcome.WRITTEN, attempt.edits.note)
    if _another_janitor_wrote(attempt, found):
        return attempt.result(Outcome.SUPERSEDED, "another janitor wrote it meanwhile")
    return attempt.result(Outcome.FAILED, f"the server does not have what was written: {lacking}")


def _another_janitor_wrote(attempt: Attempt, found: RunInfo) -> bool:
    """Whether nothing but our own keys have other values, a new mark of the moment among them."""
    changed = {path: now for path, _, now in differences(attempt.written, found.summary)}
    return (
        all(path in attempt.edits.values for path in changed)
        and all(now is not ABSENT for now in changed.values())
        and any(
            _is_moment(path, attempt.edits.form)
            and not summaries.same_or_absent(now, attempt.before[path])
            for path, now in changed.items()
        )
    )


def _is_moment(path: summaries.Path, form: summaries.Form) -> bool:
    return key_of(path, form).replace("/", ".").endswith(".janitor.at")
