"""Outages of W&B or of the network, and how much of a run's silence falls into them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which runs could not report. Times are aware, in UTC."""

    start: datetime
    end: datetime
    projects: frozenset[str] = frozenset()
    """The projects whose runs it silenced, as ENTITY/PROJECT; empty for all."""

    def touches(self, entity: str, project: str) -> bool:
        """Whether it silenced runs of this project."""
        return not self.projects or f"{entity}/{project}" in self.projects


def time_of(outages: Iterable[Outage], since: datetime, until: datetime) -> timedelta:
    """How much of the time between two moments falls into outages. Overlaps count once."""
    total = timedelta(0)
    reached = since
    for outage in sorted(outages, key=lambda each: each.start):
        begin, end = max(reached, outage.start), min(until, outage.end)
        if end > begin:
            total += end - begin
            reached = end
    return total
