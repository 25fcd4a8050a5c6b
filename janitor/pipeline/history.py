"""What earlier passes wrote and found, and which of it was wrong: closed runs that lived on.

Writes that they began and did not finish are the business of :mod:`janitor.pipeline.recovery`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from statistics import quantiles
from typing import Any

from janitor.errors import JournalError
from janitor.model import Change, Outcome, Policy, SweepRunState
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.pipeline.recovery import OpenWrites
from janitor.records.journal import read_journal
from janitor.records.json_text import load_report
from janitor.records.report import FalsePositives, ReportedOutage
from janitor.rules import Judgement, objective_late, resurrected
from janitor.rules.reading import Reading


@dataclass(frozen=True, slots=True)
class PastWrite:
    """That a pass closed a run: by which rule, when, and how long it had been silent."""

    rule: str
    at: datetime
    silence: timedelta | None
    state: str | None = None
    """The state that was written, in our own terms."""


@dataclass(slots=True)
class Past:
    """The last write of earlier passes, under a namespace, to each run that they closed."""

    writes: dict[str, PastWrite] = field(default_factory=dict)
    namespace: str = Policy().namespace
    warnings: list[str] = field(default_factory=list)
    """Journals that could not be read."""
    unfinished: OpenWrites = field(default_factory=OpenWrites)
    """Writes that were begun and not finished."""
    _outages: dict[datetime, ReportedOutage] = field(default_factory=dict)

    def outages(self) -> tuple[ReportedOutage, ...]:
        """The outages that earlier passes found, the oldest first."""
        return tuple(self._outages[start] for start in sorted(self._outages))

    def add_journals(self, paths: Iterable[Path]) -> None:
        """Take in journals, the oldest first. One that cannot be read is left out."""
        for path in paths:
            try:
                record = read_journal(path)
            except JournalError as error:
                self.warnings.append(f"what an earlier pass wrote is not known: {error}")
                continue
            self.unfinished.add(record)
            self._add_outages(record.outages)
            if record.namespace != self.namespace:
                continue
            for write in record.writes:
                if write.outcome in {None, Outcome.WRITTEN}:
                    self._add(write.run, write.after)
            for run in record.came_back:
                self.writes.pop(run, None)

    def add_report(self, path: Path) -> None:
        """Take in the report of an earlier pass.

        Raises:
            ReportError: it cannot be read.

        """
        report = load_report(path)
        self._add_outages(report.stand_down.outages if report.stand_down else ())
        if report.namespace != self.namespace:
            return
        for change in report.changes:
            if change.outcome is Outcome.WRITTEN:
                self._add(change.run, change.after)

    def _add_outages(self, outages: Iterable[ReportedOutage]) -> None:
        self._outages |= {outage.start: outage for outage in outages}

    def _add(self, run: str, after: Mapping[str, Any]) -> None:
        rule = after.get(f"{self.namespace}.janitor.rule")
        state = after.get(f"{self.namespace}.janitor.state")
        at = parse_time(after.get(f"{self.namespace}.janitor.at"))
        if not isinstance(rule, str) or at is None:
            self.writes.pop(run, None)  # undone, or resurrected
            return
        times = [after.get(f"{self.namespace}.{name}_time") for name in ("failure", "completion")]
        last_alive = next((time for time in map(parse_time, times) if time is not None), None)
        silence = None if last_alive is None else at - last_alive
        self.writes[run] = PastWrite(rule, at, silence, state if isinstance(state, str) else None)


def came_back(judged: Iterable[Judgement], past: Past, policy: Policy) -> dict[str, PastWrite]:
    """The runs that an earlier pass closed and that lived on, by path.

    Those whose mark is still there are resurrected now, or have an objective now. A live SDK wipes
    our mark with its next log: such a run is open again without it, or has ended since, and only
    journals and reports say that we wrote.

    Args:
        judged: Runs to be changed or held, and those that an earlier pass wrote.
        past: What earlier passes wrote.
        policy: Names the namespace.

    """
    found: dict[str, PastWrite] = {}
    for one in judged:
        path, reading = one.run.path, one.reading
        if reading is None:
            continue
        if isinstance(one.verdict, Change) and one.verdict.rule in _CORRECTIONS:
            found[path] = _marked(reading, policy)
        elif (write := past.writes.get(path)) is not None and (
            _wiped(reading, write, policy) or _ended_later(reading, write, policy)
        ):
            found[path] = write
    return found


_CORRECTIONS = frozenset({resurrected.ID, objective_late.ID})


def _marked(reading: Reading, policy: Policy) -> PastWrite:
    at = parse_time(reading.mark("at", policy)) or reading.vitals.now
    ended = reading.own("failure_time", policy), reading.own("completion_time", policy)
    last_alive = next((time for time in map(parse_time, ended) if time is not None), None)
    silence = None if last_alive is None else at - last_alive
    return PastWrite(str(reading.mark("rule", policy)), at, silence)


def _wiped(reading: Reading, write: PastWrite, policy: Policy) -> bool:
    last_alive = reading.vitals.last_alive
    return (
        reading.state.is_open
        and reading.mark("state", policy) is ABSENT
        and last_alive is not None
        and last_alive > write.at
    )


def _ended_later(reading: Reading, write: PastWrite, policy: Policy) -> bool:
    """Whether the run lived on after the write, and has ended since.

    A heartbeat counts only if our mark is gone as well: an edit by somebody else may move it.
    """
    if reading.state.is_open:
        return False
    is_gone = reading.mark("state", policy) is ABSENT
    if write.state == SweepRunState.SUCCESS and reading.state is SweepRunState.SUCCESS:
        return False
    return any(
        sign.at is not None
        and not sign.is_future
        and sign.at - write.at > resurrected.BEYOND_OUR_WRITE
        and (is_gone or sign.source != "heartbeatAt")
        for sign in reading.vitals.evidence
    )


def false_positives(found: Mapping[str, PastWrite], judged: Iterable[Judgement]) -> FalsePositives:
    """The runs that lived on, per rule, and a timeout that would have spared them.

    The suggestion is the 99.9th percentile of the silences of runs that lived: those that came
    back, and those that are alive now; in whole minutes.
    """
    rules = [write.rule for write in found.values()]
    silences = [write.silence for write in found.values() if write.silence is not None]
    suggestion = None
    if silences:
        silences += [
            one.reading.age
            for one in judged
            if one.reading is not None
            and one.reading.state.is_open
            and one.run.wandb_state == "running"
            and not isinstance(one.verdict, Change)
            and one.reading.age is not None
        ]
        suggestion = _percentile([silence.total_seconds() for silence in silences])
    return FalsePositives(
        by_rule={rule: rules.count(rule) for rule in sorted(set(rules))},
        runs=tuple(sorted(found)),
        suggested_heartbeat_timeout_seconds=suggestion,
    )


def _percentile(seconds: list[float]) -> float:
    if len(seconds) == 1:
        seconds = seconds * 2
    return 60.0 * ceil(quantiles(seconds, n=1000, method="inclusive")[998] / 60)
