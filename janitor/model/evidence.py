"""Timestamps, ages, and what they say of a run's process."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from janitor.model import Evidence, Liveness, Policy, RunInfo
from janitor.model import summary as summaries

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""No run is older than W&B. Earlier times are zeros of somebody's clock, not times."""


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
    """The latest evidence that counts; None where there is none at all."""

    @property
    def age(self) -> timedelta | None:
        """How long ago the last sign of life was; None where there was none at all."""
        return None if self.last_alive is None else self.now - self.last_alive

    @property
    def future(self) -> Evidence | None:
        """A piece of evidence that lies ahead of our clock, if there is one."""
        return next((piece for piece in self.evidence if piece.is_future), None)

    @property
    def unreadable(self) -> tuple[Evidence, ...]:
        """The times that are there and cannot be read."""
        return tuple(piece for piece in self.evidence if piece.at is None)

    def liveness(self, timeout: timedelta) -> Liveness:
        """Dead after ``timeout`` of silence; unknown where clocks disagree or nothing is known."""
        age = self.age
        if age is not None and age <= timeout:
            return Liveness.ALIVE
        return Liveness.UNKNOWN if age is None or self.future else Liveness.DEAD


def take_vitals(run: RunInfo, policy: Policy, now: datetime) -> Vitals:
    """Collect and weigh a run's evidence.

    ``createdAt`` counts where nothing else does, or where all else is older: a run whose machine's
    clock runs behind was alive when the server took it in.
    """
    horizon = now + policy.future_tolerance
    evidence = [_piece(source, raw, horizon) for source, raw in _signs(run, policy)]
    created = _piece("createdAt", run.created_at, horizon)
    times = [piece.at for piece in evidence if piece.at is not None and not piece.is_future]
    last_alive = max(times, default=None)
    if created.at is None:
        evidence += [created] * (created.raw is not None)
    elif last_alive is None or (created.at > last_alive and not created.is_future):
        evidence.append(created)
        last_alive = last_alive if created.is_future else created.at
    return Vitals(now, tuple(evidence), created.at, last_alive)


def _signs(run: RunInfo, policy: Policy) -> Iterator[tuple[str, Any]]:
    """Each time that is there, with its source. Both forms count: more evidence is safer."""
    if run.heartbeat_at is not None:
        yield "heartbeatAt", run.heartbeat_at
    for source, path in _places(policy.namespace):
        raw = summaries.get(run.summary, path)
        if raw is not None and raw is not summaries.ABSENT:
            yield source, raw


@cache
def _places(namespace: str) -> Sequence[tuple[str, summaries.Path]]:
    """Where in a summary a time may stand, with its source."""
    names = ("heartbeat", "last_update")
    in_either_form = (summaries.flat_path, summaries.nested_path)
    ours = ((f"{namespace}.{name}", at(namespace, name)) for name in names for at in in_either_form)
    return ("_timestamp", ("_timestamp",)), *ours


def _piece(source: str, raw: Any, horizon: datetime) -> Evidence:
    at = parse_time(raw)
    return Evidence(source, raw, at, is_future=at is not None and at > horizon)
