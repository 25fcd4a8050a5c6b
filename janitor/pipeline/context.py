"""The parts of a pass, which each of its steps gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from janitor.config.table import BrakeLimits, StandDownLimits
from janitor.model import Policy
from janitor.model.ports import Clock, PartReader, Store
from janitor.model.shards import Shard
from janitor.pipeline.history import Past
from janitor.pipeline.incremental import Memory
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
    """What a report says about the servers and files that a pass works on.

    A protocol, because the pipeline imports no store.
    """

    @property
    def clock_reading(self) -> ClockReading:
        """Where the time of the pass came from."""

    def page_of(self, path: str) -> str:
        """The address of the run's page, or of its file or folder."""

    def requests(self) -> Requests:
        """The requests and bytes of the pass so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The parts of one pass.

    Args:
        store: Where the runs are.
        backend: What the report says about the store.
        policy: The policy that the rules use.
        clock: The clock that every age is measured with.
        observer: Receives the progress.
        interrupter: Ends the pass early; checked before each page and each write.
        guards: The limits.
        past: What earlier passes wrote.
        writer: Carries out the repair; None in a dry run.
        shard: The share of the sweeps to scan; None for all of them.
        memory: What earlier passes read; None to read everything.
        parts: Lists parts of large targets, which are read in parallel; None if it cannot.

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
    memory: Memory | None = None
    parts: PartReader | None = None

    @property
    def is_dry(self) -> bool:
        """Whether this pass writes nothing."""
        return self.writer is None
