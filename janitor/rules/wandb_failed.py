"""wandb-failed: W&B calls the run failed: it exited with an error."""

from __future__ import annotations

from janitor.model import Change, Hold, Policy, Silent, SweepRunState
from janitor.rules.grace import held_for_grace
from janitor.rules.reading import Reading

ID = "wandb-failed"


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Failure, after a grace, if no objective was recorded."""
    word = reading.run.wandb_state
    if word != "failed":
        return Silent(f"W&B says {word}")
    return held_for_grace(ID, reading, policy) or Change(
        ID, SweepRunState.FAILURE, f"W&B says {word}, and no {reading.objective_key} is recorded"
    )
