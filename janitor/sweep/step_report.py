"""Collects what a step did into its report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Fact, Reached
from janitor.records.report import Report
from janitor.records.sweep_step import StepItem, StepRepair, StepReport, SweepState
from janitor.sweep.decide import Decided
from janitor.sweep.settle import Settled


class StepDraft:
    """The report of a step in the making."""

    def __init__(self, sweep: str, store: str, started_at: datetime) -> None:
        self._sweep, self._store, self._started_at = sweep, store, started_at
        self._facts: list[StepItem] = []
        self._decisions: list[StepItem] = []
        self._dispatched: list[str] = []
        self._settled: list[StepItem] = []
        self._waits: list[str] = []
        self._unknown: dict[str, None] = {}
        self._errors: list[str] = []
        self._repair: StepRepair | None = None

    def learned(self, facts: Iterable[Fact]) -> None:
        """Facts that the ledger has now."""
        self._facts += map(as_item, facts)

    def report_unknown(self, sentences: Sequence[str]) -> None:
        """Jobs about which nothing is known."""
        self._unknown.update(dict.fromkeys(sentences))

    def repaired(self, report: Report, why: str | None) -> None:
        """What the pass over the runs did."""
        totals = report.totals
        self._repair = StepRepair(
            written=totals.written,
            held=totals.held,
            failed=totals.failed,
            held_back=why,
            journal=report.journal,
        )
        self._errors += [error.message for error in report.errors]

    def decided(self, decided: Decided) -> None:
        """The decisions, and why there are no more."""
        self._decisions += map(as_item, decided.decisions)
        self._waits += [wait.reason for wait in decided.waits]

    def dispatched(self, name: str) -> None:
        """A job that was submitted."""
        self._dispatched.append(name)

    def settled(self, done: Iterable[Settled]) -> None:
        """Summaries that were written, or could not be."""
        for one in done:
            if one.is_written:
                item = StepItem(kind=one.state.value, run=one.run, reason=one.reason)
                self._settled.append(item)
            else:
                self._errors.append(f"{one.run}: {one.reason}")

    def error(self, sentence: str) -> None:
        """Something that went wrong."""
        self._errors.append(sentence)

    def finish(
        self, ledger: Ledger, now: datetime, *, is_done: bool, is_dry: bool = False
    ) -> StepReport:
        """The report."""
        return StepReport(
            sweep=self._sweep,
            store=self._store,
            started_at=self._started_at,
            finished_at=now,
            dry_run=is_dry,
            ledger=ledger.number,
            state=state_of(ledger, is_done=is_done),
            spec_version=ledger.spec.version,
            facts=tuple(self._facts),
            decisions=tuple(self._decisions),
            dispatched=tuple(self._dispatched),
            settled=tuple(self._settled),
            waits=tuple(self._waits),
            unknown=tuple(self._unknown),
            errors=tuple(self._errors),
            repair=self._repair,
        )


def state_of(ledger: Ledger, *, is_done: bool) -> SweepState:
    """The state of a sweep, for reports and for ``sweep status``."""
    if is_done:
        return "done"
    if ledger.stopping is not None:
        return "stopping"
    if ledger.paused is not None:
        return "paused" if ledger.paused.by == "person" else "braked"
    return "running"


def as_item(item: Any) -> StepItem:
    """A fact or a decision for the report."""
    values = {name: value for name, value in asdict(item).items() if value not in (None, {}, "")}
    values.pop("item", None)
    reason = values.pop("reason", "")
    if isinstance(item, Reached):
        reason = f"{item.value:.6g} at {item.rung:g}"
    return StepItem(kind=item.item, run=values.pop("run", None), reason=str(reason), values=values)
