"""What one pass works with: handed to every part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from janitor.config.table import BrakeLimits, StandDownLimits
from janitor.model import Policy
from janitor.model.ports import Clock, Store
from janitor.model.shards import Shard
from janitor.pipeline.history import Past
from janitor.pipeline.repair import Writer
from janitor.pipeline.scan import Observer
from janitor.records.report import ClockReading, Requests
from janitor.runtime.interrupt import Interruption


@dataclass(frozen=True, slots=True)
class Guards:
    """The limits of a pass, and whether somebody who has looked overrules the brake."""

    brake: BrakeLimits = field(default_factory=BrakeLimits)
    stand_down: StandDownLimits = field(default_factory=StandDownLimits)
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass is made of.

    Args:
        store: Where the runs live.
        policy: What the rules are given.
        clock: Against which every age is measured.
        observer: Told how it comes along.
        writer: Carries out the repair; None for a dry run.
        guards: The limits.
        interruption: What has ended the pass before its time, if anything; asked before each
            page and each write.
        patience: How many seconds an answer may still be waited for; None for as long as it
            takes.
        page_of: The address at which people see a run, given its path.
        traffic: What the pass cost the server so far.
        clock_reading: Where the clock's time came from.
        journal: The journal's path; None while nothing is written.
        past: What earlier passes wrote.
        version: The janitor's.
        shard: Which share of the sweeps is scanned; None for all of them.

    """

    store: Store
    policy: Policy
    clock: Clock
    observer: Observer
    writer: Writer | None
    guards: Guards
    interruption: Callable[[], Interruption | None]
    patience: Callable[[], float | None]
    page_of: Callable[[str], str]
    traffic: Callable[[], Requests]
    clock_reading: ClockReading
    journal: Callable[[], str | None]
    past: Past
    version: str
    shard: Shard | None = None

    def should_stop(self) -> bool:
        """Whether nothing new may begin."""
        return self.interruption() is not None
