"""One step of a sweep: look, repair, decide, append, dispatch, settle, report.

Stateless. It can be killed between any two lines; the next step, from whichever process, goes on.
Every entry of the ledger is a compare-and-set: a step that was overtaken reads and decides again.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from janitor import __version__
from janitor.errors import EndedEarlyError, LedgerError
from janitor.model import RunInfo
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Fact, Item, Launch, LedgerEntry, RepairHeld
from janitor.records.report import Report
from janitor.records.sweep_step import StepReport
from janitor.runtime.clock import boottime
from janitor.sweep.crash_points import CrashPoint, reach
from janitor.sweep.decide import Decided, decide
from janitor.sweep.facts import Found, Observer
from janitor.sweep.limits import Limits
from janitor.sweep.ports import Dispatcher, Optimizer, Scheduler, SweepStore
from janitor.sweep.settle import Settled, settle
from janitor.sweep.step_log import log, log_entry
from janitor.sweep.step_report import StepDraft
from janitor.sweep.submitting import Submitter

_MOST_TRIES: Final = 20
"""A step that is overtaken this often leaves the rest to the others."""
_FRESH: Final = 60.0
"""Seconds, suspension included, for which a look at the jobs may be acted on."""

Repair = Callable[[], Report]
"""The janitor's own pass over the sweep's runs."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a step is made of."""

    store: SweepStore
    dispatcher: Dispatcher
    scheduler: Scheduler
    optimizer: Optimizer
    limits: Limits
    now: Callable[[], datetime]
    """The time, aware, UTC."""
    nonce: Callable[[], str]
    """A new text for each entry, which no other process makes."""
    repair: Repair | None = None
    """None: the step repairs nothing, for tests and simulations."""
    namespace: str = "protein"


@dataclass(slots=True)
class Step:
    """A step, and what it did so far."""

    parts: Parts
    ledger: Ledger = field(init=False)
    draft: StepDraft = field(init=False)
    _looked_at: float = 0.0
    _held: Collection[str] = ()

    def run(self) -> StepReport:
        """Do everything, and report it.

        Raises:
            StoreError: the ledger cannot be read or written. Nothing was dispatched after that.
            LedgerError: the ledger was altered.

        """
        self._begin()
        self._learn()
        self._repair()
        decided = self._decide()
        self._submit()
        self._settle()
        return self.draft.finish(self.ledger, self.parts.now(), is_done=decided.is_done)

    def preview(self) -> StepReport:
        """What a step would decide now. Creates and writes nothing."""
        self._begin()
        found = self._look()
        self.ledger = self.ledger.fork()
        for fact in found.facts:
            self.ledger.decide(fact)
        self.draft.learned(found.facts)
        self.draft.report_unknown(found.unknown)
        decided = self._decided()
        self.draft.decided(decided)
        return self.draft.finish(
            self.ledger, self.parts.now(), is_done=decided.is_done, is_dry=True
        )

    def _begin(self) -> None:
        self.draft = StepDraft(self.parts.store.name, self.parts.store.location, self.parts.now())
        self._read()

    def _read(self) -> None:
        store = self.parts.store
        entries = store.entries()
        for entry in entries:
            if entry.is_altered:
                raise LedgerError(
                    f"entry {entry.number} of the ledger of {store.name} in {store.location} was"
                    " altered after it was written: restore it from a backup"
                )
        self.ledger = Ledger.of(store.name, entries)

    # -- facts

    def _look(self) -> Found:
        self._looked_at = boottime()
        parts = self.parts
        observer = Observer(
            parts.store,
            parts.dispatcher,
            parts.scheduler,
            parts.limits.metric,
            parts.limits.sign,
            namespace=parts.namespace,
            named=parts.limits.objective.named,
        )
        found = observer.look(self.ledger)
        self._held = found.held
        return found

    def _learn(self) -> None:
        """Append what is new. An overtaken step looks again."""
        for _ in range(_MOST_TRIES):
            found = self._look()
            self.draft.report_unknown(found.unknown)
            if not found.facts:
                return
            reach(CrashPoint.BEFORE_FACTS)
            if self._append("facts", found.facts):
                reach(CrashPoint.AFTER_FACTS)
                self.draft.learned(found.facts)
                return
            self._read()

    # -- repair

    def _repair(self) -> None:
        """The janitor's own pass. A brake or a stand-down forbids launches in this step."""
        if self.parts.repair is None:
            return
        reach(CrashPoint.BEFORE_REPAIR)
        report = self.parts.repair()
        reach(CrashPoint.AFTER_REPAIR)
        if report.interrupted is not None:
            raise EndedEarlyError(
                f"ended by {report.interrupted}; jobs go on, and the next step continues",
                reason=report.interrupted,
            )
        why = _held_back(report)
        self.draft.repaired(report, why)
        is_held = self.ledger.held is not None
        if (why is not None) != is_held:
            for _ in range(_MOST_TRIES):
                if self._append("facts", [RepairHeld(why is not None, why or "")]):
                    return
                self._read()

    # -- decisions

    def _decided(self) -> Decided:
        parts = self.parts
        return decide(self.ledger, parts.limits, parts.scheduler, parts.optimizer, parts.now())

    def _decide(self) -> Decided:
        """Decide and append, until no other step comes in between."""
        decided = Decided()
        for _ in range(_MOST_TRIES):
            if boottime() - self._looked_at > _FRESH:
                self._read()
                self._learn()
            now = self.parts.now()
            parts = self.parts
            decided = decide(self.ledger, parts.limits, parts.scheduler, parts.optimizer, now)
            if not decided.decisions:
                break
            reach(CrashPoint.BEFORE_DECISIONS)
            if self._append("decisions", decided.decisions, now):  # type: ignore[arg-type] # a Wait is in `waits`
                reach(CrashPoint.AFTER_DECISIONS)
                break
            self._read()
            decided = Decided()
        self.draft.decided(decided)
        return decided

    def _append(
        self,
        role: Literal["facts", "decisions"],
        items: Sequence[Item] | Sequence[Fact],
        now: datetime | None = None,
    ) -> bool:
        """Append an entry, and take it in; False if another step was faster."""
        launches = any(isinstance(item, Launch) for item in items)
        entry = LedgerEntry(
            self.ledger.number + 1,
            self.parts.nonce(),
            (now or self.parts.now()).isoformat(),
            role,
            tuple(items),
            versions(self.parts.optimizer),
            self.parts.store.site() if launches else "",
        )
        if not self.parts.store.append(entry):
            return False
        self.ledger.add(entry)
        log_entry(entry)
        return True

    # -- jobs

    def _submit(self) -> None:
        """Submit what was launched and is not there; stop what was stopped."""
        refused = Submitter(self.parts.store, self.parts.dispatcher, self.draft).submit(
            self.ledger, self._held
        )
        if not refused:
            return
        reach(CrashPoint.BEFORE_REFUSALS)
        for _ in range(_MOST_TRIES):
            if self._append("facts", refused):
                break
            self._read()
        reach(CrashPoint.AFTER_REFUSALS)
        self.draft.learned(refused)

    # -- summaries

    def _settle(self) -> None:
        parts = self.parts
        runs: Mapping[str, RunInfo] = parts.store.runs(only_open=True)
        handles = {
            trial.run: parts.store.handle(job.launch.run, job.launch.attempt, job.launch.kind)
            for trial, job in self.ledger.open_jobs()
        }
        views = parts.store.attempts(list(handles.values()))
        claimed = {
            run
            for run, job in handles.items()
            if views[job.name].claim is not None or views[job.name].damage
        }
        done: list[Settled] = list(
            settle(self.ledger, runs, claimed, parts.store, parts.namespace, parts.now())
        )
        self.draft.settled(done)
        for one in done:
            log("state.changed", run=one.run, state=one.state.value, reason=one.reason)


def _held_back(report: Report) -> str | None:
    """Why the pass wrote nothing; None if it was free to write."""
    if report.brake is not None and report.brake.tripped and not report.brake.overruled:
        return report.brake.message or "the brake tripped"
    if report.stand_down is not None and report.stand_down.active:
        return report.stand_down.message or "an outage is suspected"
    return None


def versions(optimizer: Optimizer) -> dict[str, str]:
    """The versions on which decisions depend, for the ledger."""
    return {
        "janitor": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        **optimizer.versions(),
    }
