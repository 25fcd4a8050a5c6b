"""objective-recorded: the summary holds a finite objective, so the run succeeded.

Option 2 of the design document 001 (retroactive state cleanup). The run's own process is given
time to set its state itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from janitor.model import Change, Hold, Policy, Silent, SweepRunState
from janitor.model.outages import time_of
from janitor.model.summary import ABSENT
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "objective-recorded"
_LOGGED_ALL_ALONG: Final = timedelta(days=1)
"""A metric may be logged from the beginning, and rarely: it says less about the run's end."""


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Success; held while the run's own process may still finish it.

    A process that hangs while it finishes keeps sending W&B's heartbeat. It is recognized by its
    other signs of life, which stop.
    """
    key = reading.objective_key
    if not reading.has_objective:
        there = "no" if reading.objective is ABSENT else "no finite"
        return Silent(f"{there} {key}")
    recorded = f"{key} is recorded ({reading.objective!r:.40})"
    if reading.run.wandb_state.has_ended:
        return Change(ID, SweepRunState.SUCCESS, recorded)
    if reading.silence is None:
        return Hold(ID, f"{recorded}, but no timestamp shows when the run was last alive")
    if reading.silence > policy.settle:
        return Change(ID, SweepRunState.SUCCESS, recorded)
    idle, limit = _idle_time(reading, policy), policy.settle + _finish_timeout(policy)
    if idle is not None and idle > limit:
        return Change(
            ID,
            SweepRunState.SUCCESS,
            f"{recorded}, and the training has shown no sign of life for {format_age(idle)},"
            " although W&B still receives heartbeats",
        )
    return Hold(
        ID,
        f"{recorded}, and the run was alive {format_age(reading.silence)} ago:"
        " its own process is expected to finish it",
    )


def _finish_timeout(policy: Policy) -> timedelta:
    if policy.objective is None:
        return policy.finish_timeout
    return max(policy.finish_timeout, _LOGGED_ALL_ALONG)


def _idle_time(reading: Reading, policy: Policy) -> timedelta | None:
    """Time since the training's own last sign of life; None if that is not known for sure."""
    vitals, run = reading.vitals, reading.run
    last_work = vitals.last_work
    if run.wandb_state != "running" or last_work is None or vitals.future is not None:
        return None
    if vitals.created_at is None or last_work < vitals.created_at:
        return None  # the clock of its machine runs behind
    touching = [each for each in policy.outages if each.touches(run.entity, run.project)]
    return vitals.now - last_work - time_of(touching, last_work, vitals.now)
