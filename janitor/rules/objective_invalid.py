"""objective-invalid: the run ended with an objective that is no finite number."""

from __future__ import annotations

from janitor.model import Change, Policy, Silent, SweepRunState
from janitor.model.summary import ABSENT
from janitor.rules.reading import Reading

ID = "objective-invalid"


def judge(reading: Reading, policy: Policy) -> Change | Silent:
    """Failure, once W&B says that the run ended: an optimizer cannot use the value."""
    if reading.objective is ABSENT:
        return Silent(f"no {policy.objective_key}")
    if reading.has_objective:
        return Silent(f"{policy.objective_key} is a finite number")
    if not reading.run.wandb_state.has_ended:
        return Silent(f"{policy.objective_key} is no finite number, but the run may correct it")
    return Change(
        ID,
        SweepRunState.FAILURE,
        f"{policy.objective_key} is no finite number ({reading.objective!r:.40}),"
        f" and W&B says {reading.run.wandb_state}",
    )
