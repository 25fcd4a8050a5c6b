"""The end of a trial whose last job ended well: its objective, or what is missing for it. Pure."""

from __future__ import annotations

import math

from janitor.model.jobs import JobStatus
from janitor.model.ledger_items import Complete
from janitor.model.trial import Trial
from janitor.sweep.limits import Limits


def completed(trial: Trial, limits: Limits) -> Complete:
    """How the trial is complete.

    One that lacks a finite value of the metric, or of a further one that the sweep file names, has
    failed.
    """
    metric, wanted = limits.metric or "the objective", limits.objective
    values = trial.metrics
    if trial.reported is not None:
        values[metric] = trial.reported
    for name in dict.fromkeys((metric, *wanted.named)):
        if not math.isfinite(values.get(name, math.nan)):
            what = "is not a finite number" if name in values else "was never reported"
            reason = f"it ended well, but {name} {what}"
            return Complete(trial.run, JobStatus.FAILED, reason)
    shown = [metric, *(name for name in wanted.named if name != metric)]
    said = ", ".join(f"{name} = {values[name]:.6g}" for name in shown)
    several = len(wanted.goals) > 1
    objective = wanted.of(values) if several else values[metric]
    violations = wanted.violations(values)
    reason = f"it ended well with {said}"
    if several and wanted.type in {"weighted_sum", "chebyshev"}:
        reason += f"; {wanted.type} {objective:.6g}"
    if any(each > 0 for each in violations):
        broken = [
            each.metric for each, by in zip(wanted.constraints, violations, strict=True) if by > 0
        ]
        reason += f"; it violates the constraint of {', '.join(broken)}"
    goals = {goal.name: values[goal.name] for goal in wanted.goals} if several else {}
    return Complete(trial.run, JobStatus.COMPLETED, reason, objective, goals, violations)
