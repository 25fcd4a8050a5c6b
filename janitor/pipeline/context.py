"""What one pass works with: handed to each of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from janitor.config.table import BrakeLimits, StandDownLimits
from janitor.model import Policy
from janitor.model.ports import Clock, Store
from janitor.model.shards import Shard
from janitor.pipeline.history import Past
from janitor.pipeline.repair import Writer
from janitor.pipeline.scan import Observer
from janitor.records.report import ClockReading, Requests
from janitor.runtime.interrupt import Interrupter


@dataclass(frozen=True, slots=True)
class Guards:
    """The limits of a pass, and whether ``--force`` overrules the brake."""

    brake: BrakeLimits = field(default_factory=BrakeLimits)
    stand_down: StandDownLimits = field(default_factory=StandDownLimits)
    force: bool = False


class Backend(Protocol):
    """What a report says about the servers and files that a pass works on."""

    @property
    def clock_reading(self) -> ClockReading:
        """Where the time of the pass came from."""

    def page_of(self, path: str) -> str:
        """The address at which people see the run of this path."""

    def requests(self) -> Requests:
        """What the pass has cost the server so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass is made of.

    Args:
        store: Where the runs live.
        backend: What the report says about the store.
        policy: What the rules are given.
        clock: Every age is measured against it.
        observer: Receives the progress.
        interrupter: Ends the pass early; checked before each page and each write.
        guards: The limits.
        past: What earlier passes wrote.
        writer: Carries out the repair; None in a dry run.
        shard: Which share of the sweeps is scanned; None for all of them.

    """

    store: Store
    backend: Backend
    policy: Policy
    clock: Clock
    observer: Observer
    interrupter: Interrupter
    guards: Guards
    past: Past
    writer: Writer | None = None
    shard: Shard | None = None

    @property
    def is_dry(self) -> bool:
        """Whether this pass writes nothing."""
        return self.writer is None
