"""stale-assignment: a task was assigned too long ago; its worker counts as dead.

From the design document 004. It judges only tasks, and is the only rule that reopens one.
"""

from __future__ import annotations

from janitor.model import Change, Hold, Liveness, Policy, Silent, SweepRunState
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "stale-assignment"
ASSIGNMENT = ("assigned_to", "assigned_at")
"""The keys that are removed when a task is reopened."""


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Back to initializing, which is pending; a running manager handles its own tasks."""
    if reading.state is not SweepRunState.RUNNING:
        return Silent(f"it is {reading.state}: it is not assigned")
    if reading.run.process is Liveness.ALIVE:
        return Silent("its manager is running, and handles it")
    if reading.run.process is not Liveness.DEAD:
        return Hold(ID, "whether its manager is at work cannot be determined from this machine")
    summary, namespace = reading.run.summary, policy.namespace
    assigned_at = parse_time(summaries.read(summary, namespace, "assigned_at"))
    if assigned_at is None:
        return Hold(ID, "no timestamp shows when it was assigned")
    age = reading.vitals.now - assigned_at
    if age <= policy.stale_after:
        return Silent(f"assigned {format_age(age)} ago: still valid")
    worker = summaries.read(summary, namespace, "assigned_to")
    return Change(
        ID, SweepRunState.INITIALIZING, f"assigned to {worker!s:.60} {format_age(age)} ago"
    )
