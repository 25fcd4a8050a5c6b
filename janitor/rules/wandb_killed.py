"""wandb-killed: W&B calls the run killed: it was stopped by a person or a sweep controller."""

from __future__ import annotations

from janitor.model import Change, Hold, Policy, Silent, SweepRunState
from janitor.rules.grace import held_for_grace
from janitor.rules.reading import Reading

ID = "wandb-killed"


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Cancelled, after a grace, if no objective was recorded."""
    word = reading.run.wandb_state
    if word != "killed":
        return Silent(f"W&B says {word}")
    return held_for_grace(ID, reading, policy) or Change(
        ID, SweepRunState.CANCELLED, f"W&B says {word}, and no {reading.objective_key} is recorded"
    )
