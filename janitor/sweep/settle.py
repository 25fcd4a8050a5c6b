"""Brings the summaries of a sweep's runs in line with its ledger.

The ledger is the truth about a trial; its summary is what dashboards, people and other tools see.
A terminal state that a person set is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from janitor.errors import ConflictError, NotFoundError
from janitor.model import RunInfo, SweepRunState
from janitor.model import summary as summaries
from janitor.model.jobs import Ending, JobStatus, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.summary import ABSENT, Form
from janitor.model.trial import Trial
from janitor.sweep.crash_points import CrashPoint, reach
from janitor.sweep.ports import SweepStore

_FINAL: Final = {
    JobStatus.COMPLETED: SweepRunState.SUCCESS,
    JobStatus.PRUNED: SweepRunState.CANCELLED,
    JobStatus.CANCELLED: SweepRunState.CANCELLED,
    JobStatus.FAILED: SweepRunState.FAILURE,
}
_PAUSED: Final = "sweep.paused"
"""The rung at which a trial waits."""

_TRACES: Final = ("error", "error_traceback", "completion_time", "failure_time")
"""What only a run that has ended has, besides the janitor's marks."""


@dataclass(frozen=True, slots=True)
class Settled:
    """One summary that was written, and why; or why it was not."""

    run: str
    state: SweepRunState
    reason: str
    is_written: bool = True


def settle(
    ledger: Ledger,
    runs: Mapping[str, RunInfo],
    claimed: Collection[str],
    store: SweepStore,
    namespace: str,
    now: datetime,
) -> Iterator[Settled]:
    """Write the state of each trial whose summary says something else.

    Args:
        ledger: The sweep, with this step's decisions.
        runs: The runs to look at, by id, read now.
        claimed: The runs whose newest job a worker has claimed.
        store: Where they are.
        namespace: Of the state in the summaries.
        now: The time for ``last_update``.

    """
    for trial in ledger.trials.values():
        run = runs.get(trial.run)
        if run is None or run.defect is not None or trial.overruled is not None:
            continue
        wanted = wanted_of(trial, is_claimed=trial.run in claimed)
        if wanted is None or not _may_write(run, *wanted, namespace):
            continue
        state, values = wanted
        if not store.owns_summaries and (state.is_open or _may_be_alive(run)):
            continue  # the run's own process would overwrite it, or be overwritten
        reach(CrashPoint.BEFORE_SUMMARY)
        try:
            store.update_run_summary(run, _edited(run.summary, state, values, namespace, now))
        except (ConflictError, NotFoundError) as error:
            yield Settled(trial.run, state, str(error), is_written=False)
            continue
        reach(CrashPoint.AFTER_SUMMARY)
        yield Settled(trial.run, state, _reason(trial))


def wanted_of(trial: Trial, *, is_claimed: bool) -> tuple[SweepRunState, dict[str, Any]] | None:
    """The state that the summary should have, with the values that belong to it."""
    end = trial.end or trial.stop
    if end is not None and (trial.end is not None or not trial.newest.is_open):
        return _final_state(trial, end.status), _values(trial, end.status, end.reason)
    if trial.is_over:
        return None
    newest = trial.newest
    values: dict[str, Any] = {"sweep.attempt": newest.launch.attempt}
    if newest.launch.kind is JobTypes.LAUNCH_EVAL:
        return SweepRunState.EVALUATING, {}
    if newest.is_open:
        return SweepRunState.RUNNING if is_claimed else SweepRunState.INITIALIZING, values
    if newest.ended is not None and newest.ended.ending is Ending.OK:
        rung = newest.launch.rung
        is_paused = rung is not None
        return (
            (SweepRunState.RUNNING, {_PAUSED: rung})
            if is_paused
            else (SweepRunState.EVALUATING, {})
        )
    return SweepRunState.INITIALIZING, values


def _final_state(trial: Trial, status: JobStatus) -> SweepRunState:
    if status is not JobStatus.STALE:
        return _FINAL[status]
    ended = trial.newest.ended
    is_timeout = ended is not None and ended.ending is Ending.TIMEOUT
    return SweepRunState.TIMEOUT if is_timeout else SweepRunState.CRASHED


def _values(trial: Trial, status: JobStatus, reason: str) -> dict[str, Any]:
    costs = [job.ended.cost for job in trial.jobs if job.ended and job.ended.cost is not None]
    values: dict[str, Any] = {}
    if costs:
        values["cost"] = sum(costs)
    if trial.end is not None and trial.end.objective is not None:
        values["objective"] = trial.end.objective
    if status is JobStatus.PRUNED:
        values["sweep.pruned"] = reason
    elif status is not JobStatus.COMPLETED:
        values["error"] = reason
    return values


def _may_write(
    run: RunInfo, wanted: SweepRunState, values: Mapping[str, Any], namespace: str
) -> bool:
    """Whether the summary says something else, and nobody but the janitor said so."""
    word = summaries.read(run.summary, namespace, "state")
    if word == wanted:
        paused = values.get(_PAUSED)
        return paused is not None and paused != summaries.read(run.summary, namespace, _PAUSED)
    mark = summaries.read(run.summary, namespace, "janitor.state")
    if word in list(SweepRunState) and not SweepRunState(word).is_open:
        return bool(word == mark)
    if not wanted.is_open:
        return True
    return word is ABSENT or word in list(SweepRunState)


def _may_be_alive(run: RunInfo) -> bool:
    """Whether a process may write the run's summary."""
    is_waiting = run.wandb_state == "pending" and not run.history_lines
    return not (run.wandb_state.has_ended or is_waiting)


def _edited(
    summary: Mapping[str, Any],
    state: SweepRunState,
    values: Mapping[str, Any],
    namespace: str,
    now: datetime,
) -> dict[str, Any]:
    """The summary with the state, and without what the janitor wrote with an earlier guess."""
    form = summaries.form_of(summary, namespace) or Form.FLAT
    edits: dict[summaries.Path, Any] = {}
    is_guess = summaries.read(summary, namespace, "janitor.state") is not ABSENT
    traces = dict.fromkeys(_TRACES, ABSENT) if is_guess else {}
    stamped = traces | {
        "state": state.value,
        "last_update": now.isoformat(),
        _PAUSED: ABSENT,
        **values,
    }
    for name, value in stamped.items():
        edits.update((path, value) for path in summaries.places(form, namespace, name))
    prefix = f"{namespace}.janitor"
    edits.update(
        ((key,), ABSENT) for key in summary if key == prefix or key.startswith(f"{prefix}.")
    )
    nested = summaries.nested_path(namespace, "janitor")
    if summaries.get(summary, nested) is not ABSENT:
        edits[nested] = ABSENT
    return summaries.edited(summary, edits)


def _reason(trial: Trial) -> str:
    end = trial.end or trial.stop
    if end is not None:
        return end.reason
    return trial.newest.launch.reason
