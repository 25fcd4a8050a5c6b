"""resurrected: a run that the janitor called over is alive, so it gets back the state it had."""

from __future__ import annotations

from datetime import timedelta

from janitor.model import Change, Policy, Silent, SweepRunState
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "resurrected"

_BEYOND_OUR_WRITE = timedelta(minutes=1)
"""A heartbeat this soon after our mark may be the trace of our own write."""


def judge(reading: Reading, policy: Policy) -> Change | Silent:
    """The state that our mark says the run had, once W&B hears its heart beat again."""
    if (why := _not_ours(reading, policy)) is not None:
        return Silent(why)
    marked_at = parse_time(reading.mark("at", policy))
    beat_at = parse_time(reading.run.heartbeat_at)
    if marked_at is None or beat_at is None or reading.vitals.future is not None:
        return Silent("the times of the mark and of the heartbeat cannot be compared")
    if beat_at - marked_at <= _BEYOND_OUR_WRITE:
        return Silent("no heartbeat since the janitor's mark")
    return Change(
        ID,
        SweepRunState(reading.mark("previous_state", policy)),
        f"alive again: its heart beat {format_age(beat_at - marked_at)} after the janitor called"
        f" it {reading.state} ({reading.mark('rule', policy)})",
    )


def _not_ours(reading: Reading, policy: Policy) -> str | None:
    """Why a run is none that the janitor called over by mistake, if it is not."""
    state = reading.mark("state", policy)
    if state is ABSENT:
        return "no mark of the janitor"
    previous = reading.mark("previous_state", policy)
    if state != reading.state:
        return "the state is no longer the one that the janitor wrote"
    if reading.run.wandb_state != "running":
        return f"W&B says {reading.run.wandb_state}"
    if previous not in list(SweepRunState) or not SweepRunState(previous).is_open:
        return f"the mark names no open state that it had: {previous!r:.40}"
    return None
