"""Whether the clock of a pass is right: the server's Date header may be a gateway's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from janitor.model import Change, Hold, RunKind
from janitor.model.evidence import parse_time
from janitor.model.wording import format_age
from janitor.records.report import ClockReading
from janitor.rules import Judgement, objective_invalid, objective_late, objective_recorded

_AGREE: Final = timedelta(minutes=5)
"""A heartbeat comes every 30 seconds: the latest of many is this close to the right time."""
_TIMELESS: Final = frozenset({objective_recorded.ID, objective_invalid.ID, objective_late.ID})
"""Rules that judge what is in the summary, if W&B says that the run ended."""


def why_clock_is_wrong(
    judged: Iterable[Judgement], clock: ClockReading, now: datetime
) -> str | None:
    """Why the server's time cannot be trusted; None if nothing contradicts it.

    It is wrong if more of the latest heartbeats of runs that may be alive agree with the local
    clock than with it.
    """
    offset = timedelta(seconds=clock.offset_seconds or 0)
    if clock.source != "server" or abs(offset) <= _AGREE:
        return None
    here = now - offset
    beats = [beat for beat in map(_heartbeat, judged) if beat is not None]
    by_server = [beat for beat in beats if abs(now - beat) <= _AGREE]
    by_local_clock = [beat for beat in beats if abs(here - beat) <= _AGREE]
    # One run that agrees with the server may be on a machine with the same wrong time.
    if len(by_local_clock) <= len(by_server):
        return None
    ahead = "ahead of" if offset > timedelta(0) else "behind"
    return (
        f"the server's Date header is {format_age(offset)} {ahead} this machine's clock, which"
        f" agrees with the latest heartbeats ({format_age(here - max(by_local_clock))} ago):"
        " one of the clocks is wrong"
    )


def held_by_clock(judgement: Judgement, why: str) -> Judgement:
    """The judgement under a clock that is wrong: what depends on the time is held."""
    verdict = judgement.verdict
    if not isinstance(verdict, Change):
        return judgement
    if verdict.rule in _TIMELESS and judgement.run.wandb_state.has_ended:
        return judgement
    return Judgement(judgement.run, judgement.reading, Hold(verdict.rule, f"clock: {why}"))


def _heartbeat(judgement: Judgement) -> datetime | None:
    run = judgement.run
    if run.kind is not RunKind.SWEEP_RUN or run.wandb_state.has_ended:
        return None
    return parse_time(run.heartbeat_at)
