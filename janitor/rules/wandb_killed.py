"""wandb-killed: W&B calls the run killed: it was stopped by a person or a sweep controller."""

from __future__ import annotations

from janitor.model import Change, Policy, Silent, SweepRunState
from janitor.rules.reading import Reading

ID = "wandb-killed"


def judge(reading: Reading, policy: Policy) -> Change | Silent:
    """Cancelled, where no objective was recorded."""
    word = reading.run.wandb_state
    if word != "killed":
        return Silent(f"W&B says {word}")
    return Change(
        ID, SweepRunState.CANCELLED, f"W&B says {word}, and no {policy.objective_key} is recorded"
    )
