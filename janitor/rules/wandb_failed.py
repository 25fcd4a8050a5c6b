"""wandb-failed: W&B calls the run failed: it exited with an error."""

from __future__ import annotations

from janitor.model import Change, Policy, Silent, SweepRunState
from janitor.rules.reading import Reading

ID = "wandb-failed"


def judge(reading: Reading, policy: Policy) -> Change | Silent:
    """Failure, where no objective was recorded."""
    word = reading.run.wandb_state
    if word != "failed":
        return Silent(f"W&B says {word}")
    return Change(
        ID, SweepRunState.FAILURE, f"W&B says {word}, and no {policy.objective_key} is recorded"
    )
