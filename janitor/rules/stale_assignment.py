"""stale-assignment: a task was assigned too long ago; its worker is taken for dead.

Of the design document 004. Speaks for tasks alone, and is the one rule that reopens a run.
"""

from __future__ import annotations

from janitor.model import Change, Hold, Liveness, Policy, Silent, SweepRunState
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "stale-assignment"
ASSIGNMENT = ("assigned_to", "assigned_at")
"""The keys that go when a task is reopened."""


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Back to initializing, which is pending; a manager at work looks after its own tasks."""
    if reading.state is not SweepRunState.RUNNING:
        return Silent(f"it is {reading.state}: nobody has it")
    if reading.run.process is Liveness.ALIVE:
        return Silent("its manager is at work, and looks after it")
    if reading.run.process is not Liveness.DEAD:
        return Hold(ID, "whether its manager is at work cannot be told from this machine")
    summary, namespace = reading.run.summary, policy.namespace
    assigned_at = parse_time(summaries.read(summary, namespace, "assigned_at"))
    if assigned_at is None:
        return Hold(ID, "nothing tells when it was assigned")
    age = reading.vitals.now - assigned_at
    if age <= policy.stale_after:
        return Silent(f"assigned {format_age(age)} ago: still valid")
    worker = summaries.read(summary, namespace, "assigned_to")
    return Change(
        ID, SweepRunState.INITIALIZING, f"assigned to {worker!s:.60} {format_age(age)} ago"
    )
