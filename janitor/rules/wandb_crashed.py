"""wandb-crashed: W&B calls the run crashed or preempted, and it did not come back.

Agents queue the preempted runs of a sweep again.
https://docs.wandb.ai/guides/sweeps/faq#how-do-i-resume-preempted-runs
"""

from __future__ import annotations

from datetime import timedelta

from janitor.model import NEVER_STARTED, Change, Hold, Policy, Silent, SweepRunState
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "wandb-crashed"
WORDS = frozenset({"crashed", "preempted"})
"""W&B's states of a process that was lost, and that may come back."""


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Crashed, after a grace: W&B says so after 5 minutes of lost network, and runs return.

    A preempted run of a sweep waits in a queue: it is given ``queue_timeout``.
    """
    word, silence = reading.run.wandb_state, reading.silence
    if word not in WORDS:
        return Silent(f"W&B says {word}")
    if silence is None:
        return Hold(ID, f"W&B says {word}, but no timestamp shows when the run was last alive")
    grace, queued = _grace(reading, policy)
    if silence <= grace:
        said = (
            f"W&B says {word}, but the run was alive {reading.silence_in_words} ago"
            f" and is given {format_age(grace)} to {'be started again' if queued else 'come back'}"
        )
        return Hold(ID, said) if queued else Silent(said)
    return Change(
        ID,
        SweepRunState.CRASHED,
        f"W&B says {word}, and the last sign of life was {reading.silence_in_words} ago",
    )


def _grace(reading: Reading, policy: Policy) -> tuple[timedelta, bool]:
    """How long the run is given, and whether that is because it waits in a queue."""
    if reading.run.wandb_state == "preempted" and reading.run.sweep is not None:
        return max(policy.queue_timeout or NEVER_STARTED, policy.crash_grace), True
    return policy.crash_grace, False
