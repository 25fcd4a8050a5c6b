"""Timestamps, ages, and what they say about a run's process."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from janitor.model import Evidence, Liveness, Policy, RunInfo
from janitor.model import summary as summaries
from janitor.model.outages import time_of

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""No run is older than W&B. An earlier time comes from a clock that was never set."""


def parse_time(raw: Any) -> datetime | None:
    """A time as W&B and its clients write them, aware, in UTC; None where it cannot be read.

    ISO 8601 with or without fractions and zone (none means UTC), or seconds since the epoch.
    """
    try:
        if isinstance(raw, str):
            time = datetime.fromisoformat(raw.strip())
            time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        elif isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw):
            time = datetime.fromtimestamp(raw, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return time if time >= EARLIEST else None


@dataclass(frozen=True, slots=True)
class Vitals:
    """All evidence of a run's life, weighed at one moment."""

    now: datetime
    evidence: tuple[Evidence, ...]
    created_at: datetime | None
    last_alive: datetime | None
    """The latest evidence that counts; None if there is none at all."""
    outage: timedelta = timedelta(0)
    """The part of the time since then that is in known outages."""

    @property
    def age(self) -> timedelta | None:
        """The time since the last sign of life; None if there was none."""
        return None if self.last_alive is None else self.now - self.last_alive

    @property
    def silence(self) -> timedelta | None:
        """The age without the time of outages. Thresholds are compared with it."""
        return None if self.last_alive is None else self.now - self.last_alive - self.outage

    @property
    def future(self) -> Evidence | None:
        """A piece of evidence that is ahead of the clock, if there is one."""
        return next((piece for piece in self.evidence if piece.is_future), None)

    @property
    def unreadable(self) -> tuple[Evidence, ...]:
        """The times that exist and cannot be read."""
        return tuple(piece for piece in self.evidence if piece.at is None)

    @property
    def was_seen_alive(self) -> bool:
        """Whether there is a sign of life besides the run's creation."""
        created = self.created_at
        times = [piece.at for piece in self.evidence if piece.source != _CREATED]
        return any(at is not None and (created is None or at > created) for at in times)

    @property
    def last_work(self) -> datetime | None:
        """The last sign of life from the training itself, not from the heartbeat of the SDK.

        None if there is none, or if one of them cannot be trusted.
        """
        own = [piece for piece in self.evidence if piece.source not in {_CREATED, _HEARTBEAT}]
        times = [piece.at for piece in own if piece.at is not None and not piece.is_future]
        return max(times) if times and len(times) == len(own) else None

    def liveness(self, timeout: timedelta) -> Liveness:
        """Dead after ``timeout`` of silence; unknown if clocks disagree or nothing is known."""
        silence = self.silence
        if silence is not None and silence <= timeout:
            return Liveness.ALIVE
        return Liveness.UNKNOWN if silence is None or self.future else Liveness.DEAD


_HEARTBEAT: Final = "heartbeatAt"
_CREATED: Final = "createdAt"
_LOGGED: Final = "_timestamp"


def take_vitals(run: RunInfo, policy: Policy, now: datetime) -> Vitals:
    """Collect and weigh a run's evidence.

    ``createdAt`` counts if nothing else does, or if all else is older: a run whose machine's
    clock runs behind was alive when the server created it.
    """
    horizon = now + policy.future_tolerance
    evidence = [_piece(source, raw, horizon) for source, raw in _signs(run, policy)]
    if run.wandb_state.has_ended:
        evidence = _without_fast_clocks(evidence, policy.future_tolerance)
    created = _piece(_CREATED, run.created_at, horizon)
    times = [piece.at for piece in evidence if piece.at is not None and _counts(piece)]
    last_alive = max(times, default=None)
    if created.at is None:
        evidence += [created] * (created.raw is not None)
    elif last_alive is None or (created.at > last_alive and not created.is_future):
        evidence.append(created)
        last_alive = last_alive if created.is_future else created.at
    outage = timedelta(0)
    if policy.outages and last_alive is not None:
        touching = (each for each in policy.outages if each.touches(run.entity, run.project))
        outage = time_of(touching, last_alive, now)
    return Vitals(now, tuple(evidence), created.at, last_alive, outage)


def _counts(piece: Evidence) -> bool:
    return not piece.is_future and not piece.is_ahead


def _without_fast_clocks(evidence: Sequence[Evidence], tolerance: timedelta) -> list[Evidence]:
    """The evidence of a run that ended, with the times of a clock that runs ahead marked.

    What a run logs reaches the server with a heartbeat. So a ``_timestamp`` later than
    ``heartbeatAt`` shows by how much the clock of the run's machine runs ahead. Our own times
    close to that ``_timestamp`` come from the same clock. Others may be those of an evaluation
    on another machine, and count.
    """
    heard = next((piece.at for piece in evidence if piece.source == _HEARTBEAT), None)
    logged = next((piece.at for piece in evidence if piece.source == _LOGGED), None)
    if heard is None or logged is None or logged - heard <= tolerance:
        return list(evidence)
    return [
        replace(piece, is_ahead=True, is_future=False)
        if piece.at is not None
        and piece.source != _HEARTBEAT
        and abs(piece.at - logged) <= tolerance
        else piece
        for piece in evidence
    ]


def _signs(run: RunInfo, policy: Policy) -> Iterator[tuple[str, Any]]:
    """Each time that is there, with its source. Both forms count: more evidence is safer.

    The janitor's own write is not a sign of life: it sets ``last_update`` to the time of its mark.
    """
    if run.heartbeat_at is not None:
        yield _HEARTBEAT, run.heartbeat_at
    for source, path in _places(policy.namespace):
        raw = summaries.get(run.summary, path)
        if raw is None or raw is summaries.ABSENT:
            continue
        if path[-1].endswith("last_update"):
            ours = summaries.read(run.summary, policy.namespace, "janitor.at")
            if summaries.same_or_absent(raw, ours):
                continue
        yield source, raw


@cache
def _places(namespace: str) -> Sequence[tuple[str, summaries.Path]]:
    """Where in a summary a time may be, with its source."""
    names = ("heartbeat", "last_update")
    in_either_form = (summaries.flat_path, summaries.nested_path)
    ours = ((f"{namespace}.{name}", at(namespace, name)) for name in names for at in in_either_form)
    return (_LOGGED, (_LOGGED,)), *ours


def _piece(source: str, raw: Any, horizon: datetime) -> Evidence:
    at = parse_time(raw)
    return Evidence(source, raw, at, is_future=at is not None and at > horizon)
