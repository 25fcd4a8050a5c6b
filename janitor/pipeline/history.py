"""What earlier passes wrote, and which of it was wrong: runs called over that are alive.

What they began to write and did not see through is :mod:`janitor.pipeline.recovery`'s.
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
from janitor.model import Change, Outcome, Policy
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.pipeline.recovery import OpenWrites
from janitor.records.journal import read_journal
from janitor.records.json_text import load_report
from janitor.records.report import FalsePositives
from janitor.rules import Judgement, resurrected
from janitor.rules.reading import Reading


@dataclass(frozen=True, slots=True)
class PastWrite:
    """That a pass called a run over: by which rule, when, and how long it had been silent."""

    rule: str
    at: datetime
    silence: timedelta | None


@dataclass(slots=True)
class Past:
    """The last word of earlier passes under a namespace on each run that they called over."""

    writes: dict[str, PastWrite] = field(default_factory=dict)
    namespace: str = Policy().namespace
    warnings: list[str] = field(default_factory=list)
    """Journals that could not be read."""
    unfinished: OpenWrites = field(default_factory=OpenWrites)
    """Writes that were not seen through."""

    def add_journals(self, paths: Iterable[Path]) -> None:
        """Take in journals, the oldest first. One that cannot be read is left out."""
        for path in paths:
            try:
                record = read_journal(path)
            except JournalError as error:
                self.warnings.append(f"what an earlier pass wrote is not known: {error}")
                continue
            self.unfinished.add(record)
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
        if report.namespace != self.namespace:
            return
        for change in report.changes:
            if change.outcome is Outcome.WRITTEN:
                self._add(change.run, change.after)

    def _add(self, run: str, after: Mapping[str, Any]) -> None:
        marks = after.get(f"{self.namespace}.janitor") or {}
        rule = after.get(f"{self.namespace}.janitor.rule", marks.get("rule"))
        at = parse_time(after.get(f"{self.namespace}.janitor.at", marks.get("at")))
        if not isinstance(rule, str) or at is None:
            self.writes.pop(run, None)  # undone, or resurrected
            return
        times = [after.get(f"{self.namespace}.{name}_time") for name in ("failure", "completion")]
        last_alive = next((time for time in map(parse_time, times) if time is not None), None)
        self.writes[run] = PastWrite(rule, at, None if last_alive is None else at - last_alive)


def came_back(judged: Iterable[Judgement], past: Past, policy: Policy) -> dict[str, PastWrite]:
    """The runs that an earlier pass called over and that are alive, by path.

    Those whose mark still stands are resurrected now. A live SDK wipes our mark with its next log:
    such a run is open again without it, and only journals and reports tell that we wrote.
    """
    found: dict[str, PastWrite] = {}
    for one in judged:
        path, reading = one.run.path, one.reading
        if reading is None:
            continue
        if isinstance(one.verdict, Change) and one.verdict.rule == resurrected.ID:
            found[path] = _marked(reading, policy)
        elif (write := past.writes.get(path)) is not None and _wiped(reading, write, policy):
            found[path] = write
    return found


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


def false_positives(found: Mapping[str, PastWrite], judged: Iterable[Judgement]) -> FalsePositives:
    """The runs that came back, per rule, and a timeout that would have spared them.

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
