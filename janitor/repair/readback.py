"""A write held against what the server then has, key by key."""

from __future__ import annotations

from collections.abc import Sequence

from janitor.errors import StoreError
from janitor.model import Outcome, RunInfo
from janitor.repair.attempt import Attempt
from janitor.repair.parts import Result
from janitor.report.keys import key_of
from janitor.summary import Path, differences

_NAMED = 5


def check(attempt: Attempt, found: RunInfo | StoreError) -> Result:
    """What became of a write, by the run as it was read back."""
    if isinstance(found, StoreError):
        return attempt.result(
            Outcome.FAILED, f"may have been written, but could not be read back: {found}"
        )
    if found.defect is not None:
        return attempt.result(Outcome.FAILED, f"reads back damaged: {found.defect}")
    changed = [path for path, _, _ in differences(attempt.written, found.summary)]
    ours_stand = attempt.edits.stand_in(found.summary)
    if not changed or (ours_stand and showed_life(attempt.run, found)):
        return attempt.result(Outcome.WRITTEN, attempt.edits.note)
    if showed_life(attempt.run, found):
        return attempt.result(Outcome.SUPERSEDED, "its own process wrote over it meanwhile")
    return attempt.result(
        Outcome.FAILED,
        f"the server does not have what was written: {_names(changed, attempt)}",
    )


def showed_life(before: RunInfo, after: RunInfo) -> bool:
    """Whether a run's own process was at work between two readings."""
    return (before.heartbeat_at, before.wandb_state, before.history_lines) != (
        after.heartbeat_at,
        after.wandb_state,
        after.history_lines,
    )


def _names(paths: Sequence[Path], attempt: Attempt) -> str:
    names = sorted(key_of(path, attempt.edits.form) for path in paths)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
