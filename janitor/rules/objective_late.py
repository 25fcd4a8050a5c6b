"""objective-late: an objective was recorded after the janitor gave the run up, so it succeeded.

An evaluation may come later, from another process. The janitor's own guess gives way to it. A
state that the run itself or a person set stays.
"""

from __future__ import annotations

from typing import Final

from janitor.model import Change, Hold, Policy, Silent, SweepRunState
from janitor.model.summary import ABSENT, same
from janitor.model.wording import format_age
from janitor.rules import objective_invalid, wandb_failed
from janitor.rules.reading import Reading

ID = "objective-late"
_GUESSES: Final = frozenset({SweepRunState.TIMEOUT, SweepRunState.CRASHED})
"""States that the janitor writes because something is missing."""
_NO_OBJECTIVE: Final = frozenset({wandb_failed.ID, objective_invalid.ID})
"""Rules that write failure because there was no usable objective."""


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Success; held while W&B calls the run alive and it was heard of within ``settle``."""
    if (why := _not_ours(reading, policy)) is not None:
        return Silent(why)
    if not reading.has_objective:
        return Silent(f"no finite {reading.objective_key}")
    recorded = (
        f"{reading.objective_key} was recorded ({reading.objective!r:.40}) after the janitor"
        f" marked the run {reading.state} ({reading.mark('rule', policy)})"
    )
    if not reading.run.wandb_state.has_ended:
        if reading.silence is None or reading.vitals.future is not None:
            return Hold(ID, f"{recorded}, but it is not known when the run was last alive")
        if reading.silence <= policy.settle:
            return Hold(
                ID,
                f"{recorded}, and the run was alive {format_age(reading.silence)} ago:"
                " its own process is expected to finish it",
            )
    return Change(ID, SweepRunState.SUCCESS, recorded)


def _not_ours(reading: Reading, policy: Policy) -> str | None:
    """Why the run's state is not a guess of the janitor; None if it is."""
    state = reading.mark("state", policy)
    if state is ABSENT:
        return "no mark of the janitor"
    if state != reading.state:
        return "the state is no longer the one that the janitor wrote"
    written, updated = reading.mark("at", policy), reading.own("last_update", policy)
    if updated is not ABSENT and not same(updated, written):
        return "the run was updated after the janitor's mark"
    rule = reading.mark("rule", policy)
    if reading.state is SweepRunState.FAILURE and rule in _NO_OBJECTIVE:
        return None
    if reading.state not in _GUESSES:
        return f"{reading.state} by rule {rule!r:.40} is not a guess about a missing objective"
    return None
