"""A write compared with what the server then has, key by key."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from janitor.errors import StoreError
from janitor.model import Outcome, RunInfo
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT, differences
from janitor.pipeline.repair.attempt import Attempt, Result
from janitor.pipeline.repair.heartbeats import worked
from janitor.pipeline.repair.races import ended_again, not_there, recover
from janitor.pipeline.repair.trial import WENT_ON
from janitor.pipeline.repair.writer import Writer
from janitor.records.keys import key_of

_SHORTEST_LIFE: Final = timedelta(seconds=3)
"""No process starts, resumes a run, sends something and ends in less: in a shorter time,
a heartbeat of a run that has ended is the trace of the write."""


def check(attempt: Attempt, found: RunInfo | StoreError, writer: Writer) -> Result:
    """What became of a write, by the run as it was read back."""
    if isinstance(found, StoreError):
        return attempt.result(
            Outcome.FAILED, f"may have been written, but could not be read back: {found}"
        )
    if found.defect is not None:
        return attempt.result(Outcome.FAILED, f"reads back damaged: {found.defect}")
    did_work = worked(attempt.run, found)
    beat = writer.heartbeats.show_life(attempt.run, found)
    if beat and not did_work and attempt.run.wandb_state.has_ended:
        did_work = ended_again(attempt, writer)
        beat = writer.clock.now() - attempt.at > _SHORTEST_LIFE
    if (damage := attempt.damage(found)) is not None and (not did_work or damage[0] == "loses"):
        verb, names = damage
        writer.halt(
            f"the server {verb} what is not the janitor's: of {found.path} {', '.join(names)}"
            f" {'is gone' if verb == 'loses' else 'has another value'}"
        )
        if not did_work:
            return not_there(attempt, found)
    if did_work and attempt.edits.stand_in(found.summary):
        return recover(attempt, found, writer)
    if did_work or beat:
        return _beside_its_process(attempt, found)
    return _undisturbed(attempt, found, writer)


def _beside_its_process(attempt: Attempt, found: RunInfo) -> Result:
    """What became of the write to a run whose own process may have written meanwhile."""
    if attempt.edits.stand_in(found.summary):
        return attempt.result(
            Outcome.FAILED,
            "W&B shows a heartbeat from the moment of the write: if the run's process sent it,"
            " what it sent along may be covered until it logs again",
        )
    changes = differences(attempt.written, found.summary)
    if all(now is ABSENT for _, _, now in changes):
        return not_there(attempt, found)
    if attempt.marks_in(found):
        return attempt.result(Outcome.FAILED, WENT_ON)
    return attempt.result(Outcome.SUPERSEDED, "its own process wrote over it meanwhile")


def _undisturbed(attempt: Attempt, found: RunInfo, writer: Writer) -> Result:
    """What became of the write to a run whose own process did nothing meanwhile."""
    if attempt.lacking(found) is None:
        writer.came_back(as_written=True, path=found.path)
        return attempt.result(Outcome.WRITTEN, attempt.edits.note)
    if _another_janitor_wrote(attempt, found):
        return attempt.result(Outcome.SUPERSEDED, "another janitor wrote it meanwhile")
    if _is_altered(attempt, found):
        writer.came_back(as_written=False, path=found.path)
    return not_there(attempt, found)


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


def _is_altered(attempt: Attempt, found: RunInfo) -> bool:
    """Whether a key of the janitor has a value that is neither the new nor the former one."""
    return any(
        path in attempt.edits.values
        and now is not ABSENT
        and not summaries.same_or_absent(now, attempt.before[path])
        for path, _, now in differences(attempt.written, found.summary)
    )


def _is_moment(path: summaries.Path, form: summaries.Form) -> bool:
    return key_of(path, form).replace("/", ".").endswith(".janitor.at")
