"""A write held against what the server then has, key by key."""

from __future__ import annotations

from collections.abc import Sequence

from janitor.errors import StoreError
from janitor.model import Outcome, RunInfo
from janitor.repair.attempt import Attempt, Writer
from janitor.repair.parts import Result
from janitor.repair.races import recover, showed_life
from janitor.report.keys import key_of
from janitor.summary import Path, differences

_NAMED = 5


def check(attempt: Attempt, found: RunInfo | StoreError, writer: Writer) -> Result:
    """What became of a write, by the run as it was read back."""
    if isinstance(found, StoreError):
        return attempt.result(
            Outcome.FAILED, f"may have been written, but could not be read back: {found}"
        )
    if found.defect is not None:
        return attempt.result(Outcome.FAILED, f"reads back damaged: {found.defect}")
    changed = [path for path, _, _ in differences(attempt.written, found.summary)]
    ours_stand = attempt.edits.stand_in(found.summary)
    lived = showed_life(attempt.run, found)
    if lived and ours_stand:
        return recover(attempt, found, writer)
    if lived:
        return attempt.result(Outcome.SUPERSEDED, "its own process wrote over it meanwhile")
    if not changed:
        return attempt.result(Outcome.WRITTEN, attempt.edits.note)
    return attempt.result(
        Outcome.FAILED,
        f"the server does not have what was written: {_names(changed, attempt)}",
    )


def _names(paths: Sequence[Path], attempt: Attempt) -> str:
    names = sorted(key_of(path, attempt.edits.form) for path in paths)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
