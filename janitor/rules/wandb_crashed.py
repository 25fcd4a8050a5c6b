"""wandb-crashed: W&B calls the run crashed or preempted, and it did not come back."""

from __future__ import annotations

from janitor.model import Change, Hold, Policy, Silent, SweepRunState
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "wandb-crashed"
WORDS = frozenset({"crashed", "preempted"})
"""W&B's words for a process that was lost, and that may come back."""


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Crashed, after a grace: W&B says so after 5 minutes of lost network, and runs return."""
    word = reading.run.wandb_state
    if word not in WORDS:
        return Silent(f"W&B says {word}")
    if reading.age is None:
        return Hold(ID, f"W&B says {word}, but nothing tells when the run was last alive")
    if reading.age <= policy.crash_grace:
        return Silent(
            f"W&B says {word}, but the run was alive {format_age(reading.age)} ago"
            f" and is given {format_age(policy.crash_grace)} to come back"
        )
    return Change(
        ID,
        SweepRunState.CRASHED,
        f"W&B says {word}, and the last sign of life was {format_age(reading.age)} ago",
    )
