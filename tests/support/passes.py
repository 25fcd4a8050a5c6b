"""Passes over a store in memory, with a real journal and a clock that stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from janitor.errors import JournalError, TransientError
from janitor.model import AnyTarget, Policy, RunInfo
from janitor.model.ports import Store
from janitor.pipeline.context import Guards, Pass
from janitor.pipeline.fix import fix
from janitor.pipeline.history import Past
from janitor.pipeline.journal_writer import PassJournal
from janitor.pipeline.plan import Repair, plan_change
from janitor.pipeline.repair import Result, Writer, repair
from janitor.pipeline.repair.read_age import ReadAge
from janitor.records.journal import JournalRecord, Record, journals, read_journal
from janitor.records.report import ClockReading, Report, Requests
from janitor.rules import judge
from janitor.runtime.interrupt import Interrupter
from tests.support.memory_store import SWEEP, MemoryStore
from tests.support.run_samples import MINUTE, StillClock, flat, make_run, nested

PATH = "acme/rl/r1"
SILENT = make_run(flat() | {"loss": 0.5})
"""A run that W&B calls running: read alone, right before its write."""
FAILED = make_run(flat() | {"loss": 0.5}, "failed")
"""A run that ended: read in a batch."""
KINDS = (
    make_run(flat(objective=1), "finished", id="done"),
    make_run(nested(), id="silent"),
    make_run(flat("evaluating"), "failed", id="failed"),
    make_run(id="alive", silent=MINUTE),
    make_run(flat(7), id="odd"),
    make_run(flat("success"), id="clean"),
    make_run({"loss": 1}, id="foreign"),
)
"""A run of every kind, except for those that W&B itself calls crashed or killed."""


@dataclass(slots=True)
class Watcher:
    """Keeps what a pass said of its progress."""

    pages: list[tuple[str, int, int | None]] = field(default_factory=list)
    total: int = 0
    done: int = 0

    def scanned(self, target: str, seen: int, expected: int | None) -> None:
        self.pages.append((target, seen, expected))

    def repairing(self, total: int) -> None:
        self.total = total

    def repaired(self) -> None:
        self.done += 1


@dataclass(slots=True)
class StillBackend:
    """A server whose clock agrees with this machine's."""

    store: MemoryStore
    clock_reading: ClockReading = field(
        default_factory=lambda: ClockReading(source="server", offset_seconds=0)
    )

    def page_of(self, path: str) -> str:
        return f"https://wandb.test/{path}"

    def requests(self) -> Requests:
        return Requests(writes=len(self.store.writes))


@dataclass(slots=True)
class Scene:
    """A store, a clock and a folder for journals: all that passes share."""

    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: StillClock = field(default_factory=StillClock)
    policy: Policy = field(default_factory=Policy)
    guards: Guards = field(default_factory=Guards)
    watcher: Watcher = field(default_factory=Watcher)
    interrupter: Interrupter = field(default_factory=Interrupter)
    slept: list[float] = field(default_factory=list)
    read_age: ReadAge = field(default_factory=ReadAge)

    def journal(self, command: str = "fix") -> PassJournal:
        return PassJournal(
            self.folder,
            self.clock,
            command=command,
            namespace=self.policy.namespace,
        )

    def writer(self, journal: PassJournal, attempts: int = 4) -> Writer:
        return Writer(
            store=self.store,
            clock=self.clock,
            journal=journal,
            stop_requested=lambda: self.interrupter.reason() is not None,
            patience=self.interrupter.patience,
            sleep=self.slept.append,
            attempts=attempts,
            read_age=self.read_age,
        )

    def work(self, writer: Writer | None, store: Store | None = None, **more: Any) -> Pass:
        given: dict[str, Any] = {
            "store": store or self.store,
            "policy": self.policy,
            "clock": self.clock,
            "observer": self.watcher,
            "writer": writer,
            "guards": self.guards,
            "interrupter": self.interrupter,
            "backend": StillBackend(self.store),
            "past": Past(),
        }
        if "clock_reading" in more:
            given["backend"] = StillBackend(self.store, more.pop("clock_reading"))
        return Pass(**given | more)

    def fix(self, *targets: AnyTarget, dry_run: bool = False, **more: Any) -> Report:
        """A pass from its beginning to its end."""
        if dry_run:
            return fix(targets or (SWEEP,), self.work(None, **more))
        journal = self.journal()
        try:
            return fix(targets or (SWEEP,), self.work(self.writer(journal), **more))
        finally:
            journal.close(self.interrupter.reason())

    def proposals(self, *runs: RunInfo) -> list[Repair]:
        """What a scan that saw the runs like this would propose."""
        return [
            Repair(
                plan_change(
                    judge(run, self.policy, self.clock.now()),
                    f"{run.entity}/{run.project}/{run.sweep or 's1'}",
                    self.policy,
                    self.clock.now(),
                ),
                self.policy,
            )
            for run in runs
        ]

    def repair(
        self, *runs: RunInfo, attempts: int = 4, before: Callable[[], None] | None = None
    ) -> list[Result]:
        """Scan the runs as they are given, let something happen, and repair them."""
        proposals = self.proposals(*runs)
        if before is not None:
            before()
        journal = self.journal()
        try:
            return list(repair(proposals, self.writer(journal, attempts)))
        finally:
            journal.close()

    def journaled(self) -> JournalRecord:
        """What the latest journal tells."""
        return read_journal(journals(self.folder)[-1])


class FullDisk(PassJournal):
    """A journal on a disk that has room for so many lines after the first one."""

    def __init__(self, scene: Scene, room: int) -> None:
        super().__init__(scene.folder, scene.clock, command="fix", namespace=scene.policy.namespace)
        self._room = iter(range(room))

    def _append(self, record: Record, *, use_headroom: bool = False) -> None:
        if next(self._room, None) is None:
            raise JournalError("cannot write the journal: No space left on device")
        super()._append(record, use_headroom=use_headroom)


@contextmanager
def first_write_lost(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]
) -> Iterator[list[tuple[RunInfo, Mapping[str, Any]]]]:
    """Lose the first write on its way; yields a list that then holds it, to let it land later."""
    late: list[tuple[RunInfo, Mapping[str, Any]]] = []
    really = MemoryStore.update_run_summary

    def lose_first(store: MemoryStore, run: RunInfo, summary: Mapping[str, Any]) -> None:
        if late:
            return really(store, run, summary)
        late.append((run, summary))
        meanwhile()
        raise TransientError("the answer was lost")

    with monkeypatch.context() as patched:
        patched.setattr(MemoryStore, "update_run_summary", lose_first)
        yield late


def outcomes(results: Sequence[Result]) -> list[str]:
    return [result.outcome.value for result in results]


def only(results: Sequence[Result]) -> Result:
    (result,) = results
    return result


def journaled_outcomes(scene: Scene) -> list[str | None]:
    return [write.outcome for write in scene.journaled().writes]
