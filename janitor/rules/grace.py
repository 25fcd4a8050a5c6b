"""The grace of runs that W&B calls ended and that may come back.

W&B says ``crashed`` after 5 minutes of lost network, and ``failed`` when an offline run is synced
while it lives. A scheduler may requeue a run that was killed.
"""

from __future__ import annotations

from janitor.model import Hold, Policy
from janitor.model.wording import format_age
from janitor.rules.reading import Reading


def held_for_grace(rule: str, reading: Reading, policy: Policy) -> Hold | None:
    """A hold while the run is within ``crash_grace``, or if nothing says when it was alive."""
    word = reading.run.wandb_state
    if reading.silence is None:
        return Hold(rule, f"W&B says {word}, but no timestamp shows when the run was last alive")
    if reading.silence > policy.crash_grace:
        return None
    return Hold(
        rule,
        f"W&B says {word}, but the run was alive {reading.silence_in_words} ago"
        f" and is given {format_age(policy.crash_grace)} to come back",
    )
