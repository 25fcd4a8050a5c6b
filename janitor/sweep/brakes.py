"""Reasons to pause a sweep or to let it end: target, budget, failures, refusals. Pure."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

from janitor.model.jobs import Ending, JobStatus, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Paused, Stopping
from janitor.model.trial import Attempt
from janitor.model.wording import format_duration
from janitor.sweep.configurations import best_configuration
from janitor.sweep.limits import Limits

MOST_REFUSALS: Final = 5
"""So many jobs in a row that a backend refuses pause the sweep."""
_ENOUGH: Final = 10
"""Trials that must have ended before the share of failed ones is judged."""
_BAD: Final = frozenset({JobStatus.FAILED, JobStatus.STALE})


def reason_to_stop(ledger: Ledger, limits: Limits) -> Stopping | None:
    """The target is reached: the sweep ends when its jobs have ended."""
    if limits.target is None:
        return None
    best = best_configuration(ledger, limits.sign, limits.repeats)
    if best is None:
        return None
    if limits.sign * best.objective < limits.sign * limits.target:
        return None
    reason = (
        f"the target is reached: {limits.metric} = {best.objective:.6g} of {best.run}, and the"
        f" target is {limits.target:g}"
    )
    return Stopping(now=False, by="target", reason=reason)


def reason_to_pause(ledger: Ledger, limits: Limits, now: datetime) -> Paused | None:
    """A brake, or a budget that is used up."""
    if ledger.refusals >= MOST_REFUSALS:
        latest = next(
            (job.refused_because for _, job in ledger.open_jobs() if job.refusals),
            "no reason given",
        )
        reason = f"{ledger.refusals} jobs in a row were refused: {latest}"
        return Paused("refusals", reason)
    if (why := _too_many_failures(ledger, limits)) is not None:
        return Paused("brake", why)
    if (why := _budget(ledger, limits, now)) is not None:
        return Paused("budget", why)
    return None


def _too_many_failures(ledger: Ledger, limits: Limits) -> str | None:
    outcomes = ledger.outcomes
    bad = sum(map(outcomes.count, _BAD))
    first = limits.first_failures
    if first and len(outcomes) >= first and bad == len(outcomes):
        return f"the first {len(outcomes)} trials all failed (brake.first_failures is {first})"
    percent = limits.failed_percent
    if percent is not None and len(outcomes) >= _ENOUGH and 100 * bad > percent * len(outcomes):
        share = 100 * bad / len(outcomes)
        return (
            f"{bad} of {len(outcomes)} trials failed, {share:.0f} %"
            f" (brake.failed_percent is {percent:g})"
        )
    return None


def _budget(ledger: Ledger, limits: Limits, now: datetime) -> str | None:
    if limits.deadline is not None and ledger.started_at:
        age = (now - datetime.fromisoformat(ledger.started_at)).total_seconds()
        if age >= limits.deadline:
            allowed = format_duration(timedelta(seconds=limits.deadline))
            return f"the deadline of the budget, {allowed} after the start, has passed"
    if limits.gpu_hours is not None:
        used = gpu_hours(ledger, limits, now)
        if used >= limits.gpu_hours:
            return f"{used:.1f} GPU-hours of {limits.gpu_hours:g} are used"
    return None


def budget_is_spoken_for(ledger: Ledger, limits: Limits, now: datetime) -> str | None:
    """Why nothing is launched although the budget is not used up: open jobs will use the rest.

    An open training is expected to take as long as those that ended well, on average.
    """
    if limits.gpu_hours is None:
        return None
    took = [
        job.ended.seconds
        for trial in ledger.trials.values()
        for job in trial.trainings
        if job.ended is not None and job.ended.ending is Ending.OK and job.ended.seconds
    ]
    if not took:
        return None
    usual = math.fsum(took) / len(took)
    to_come = sum(
        max(0.0, usual - _seconds(job, now)) * limits.gpus / 3600
        for _, job in ledger.open_jobs()
        if job.launch.kind is JobTypes.LAUNCH_TRAINING
    )
    used = gpu_hours(ledger, limits, now)
    if to_come == 0 or used + to_come < limits.gpu_hours:
        return None
    return (
        f"the jobs that run will use up the budget: {used:.1f} of {limits.gpu_hours:g} GPU-hours"
        f" are used, and about {to_come:.1f} are to come"
    )


def gpu_hours(ledger: Ledger, limits: Limits, now: datetime) -> float:
    """What the jobs have used; of open ones since their launch, the time in a queue included."""
    return sum(
        _seconds(job, now)
        * (limits.gpus if job.launch.kind is JobTypes.LAUNCH_TRAINING else limits.evaluation_gpus)
        / 3600
        for trial in ledger.trials.values()
        for job in trial.jobs
    )


def _seconds(job: Attempt, now: datetime) -> float:
    if job.ended is not None:
        return job.ended.seconds or 0.0
    return max(0.0, (now - datetime.fromisoformat(job.at)).total_seconds())
