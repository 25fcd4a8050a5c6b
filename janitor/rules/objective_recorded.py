"""objective-recorded: a finite objective stands in the summary, so the run succeeded.

Option 2 of the design document 001 (retroactive state cleanup), with time given to the run's own
process to say so itself.
"""

from __future__ import annotations

from janitor.model import Change, Hold, Policy, Silent, SweepRunState
from janitor.model.summary import ABSENT
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "objective-recorded"


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Success; held while the run's own process may still finish it."""
    if not reading.has_objective:
        there = "no" if reading.objective is ABSENT else "no finite"
        return Silent(f"{there} {policy.objective_key}")
    recorded = f"{policy.objective_key} is recorded ({reading.objective!r:.40})"
    if not reading.run.wandb_state.has_ended:
        if reading.age is None:
            return Hold(ID, f"{recorded}, but nothing tells when the run was last alive")
        if reading.age <= policy.settle:
            return Hold(
                ID,
                f"{recorded}, and the run was alive {format_age(reading.age)} ago:"
                " its own process will finish it",
            )
    return Change(ID, SweepRunState.SUCCESS, recorded)
