"""resurrected: a run that the janitor closed is alive, so it gets its previous state back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from janitor.model import Change, Hold, Policy, Silent, SweepRunState
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.model.wording import format_age
from janitor.rules.reading import UNTRACKED, Reading

ID = "resurrected"

BEYOND_OUR_WRITE = timedelta(minutes=1)
"""A heartbeat this soon after our mark may have been caused by our own write."""


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """The state that the run had by our mark, once W&B receives a new heartbeat.

    A process that resumed the run has loaded our marks with the summary, and sends them again
    with each log entry: it would overwrite every repair. Its run is held.
    """
    if (why := _not_ours(reading, policy)) is not None:
        return Silent(why)
    marked_at = parse_time(reading.mark("at", policy))
    beat_at = parse_time(reading.run.heartbeat_at)
    if marked_at is None or beat_at is None or reading.vitals.future is not None:
        return Silent("the times of the mark and of the heartbeat cannot be compared")
    if beat_at - marked_at <= BEYOND_OUR_WRITE:
        return Silent("no heartbeat since the janitor's mark")
    alive = (
        f"alive again: it sent a heartbeat {format_age(beat_at - marked_at)} after the janitor"
        f" marked it {reading.state} ({reading.mark('rule', policy)})"
    )
    logged_at = parse_time(reading.run.summary.get("_timestamp"))
    if logged_at is not None and logged_at - marked_at > BEYOND_OUR_WRITE:
        return Hold(
            ID,
            f"{alive}; its process loaded the state {reading.state} when it resumed and sends it"
            " with each log entry, so a repair would be overwritten",
        )
    return Change(ID, SweepRunState(_previous(reading, policy)), alive)


def _not_ours(reading: Reading, policy: Policy) -> str | None:
    """Why the run is not one that the janitor closed by mistake; None if it may be."""
    state = reading.mark("state", policy)
    if state is ABSENT:
        return "no mark of the janitor"
    previous = _previous(reading, policy)
    if state != reading.state:
        return "the state is no longer the one that the janitor wrote"
    if reading.run.wandb_state != "running":
        return f"W&B says {reading.run.wandb_state}"
    if previous not in list(SweepRunState) or not SweepRunState(previous).is_open:
        return f"the mark does not name an open state: {previous!r:.40}"
    return None


def _previous(reading: Reading, policy: Policy) -> Any:
    """The state before; a run that had none was judged as if it said running."""
    previous = reading.mark("previous_state", policy)
    return SweepRunState.RUNNING if previous == UNTRACKED else previous
