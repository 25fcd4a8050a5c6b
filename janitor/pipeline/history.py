"""What earlier passes wrote and found, and what people undid.

Which closed runs lived on is in :mod:`janitor.pipeline.false_positives`; writes that an earlier
pass began and did not finish are in :mod:`janitor.pipeline.recovery`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from janitor.errors import JournalError
from janitor.model import Change, Hold, Outcome, Policy
from janitor.model.evidence import parse_time
from janitor.pipeline.edits import foreign_keys
from janitor.pipeline.plan import PlannedRun
from janitor.pipeline.recovery import OpenWrites
from janitor.records.journal import JournaledWrite, JournalRecord, read_journal
from janitor.records.json_text import load_report
from janitor.records.report import ReportedOutage
from janitor.rules import resurrected

_OWN_WRITE: Final = timedelta(minutes=1)
"""Some servers count our write as a sign of life: within this time of an undo it is not one."""


@dataclass(frozen=True, slots=True)
class PastWrite:
    """A pass closed a run: by which rule, when, and how long the run had been silent."""

    rule: str
    at: datetime
    silence: timedelta | None
    state: str | None = None
    """The state that was written, in our own terms."""


@dataclass(frozen=True, slots=True)
class Undone:
    """The change of a run was undone with ``janitor undo``."""

    rule: str
    """The rule that had changed the run."""
    at: datetime
    wandb_state: str
    """W&B's state of the run then."""
    journal: Path
    """The journal of the undo."""


@dataclass(slots=True)
class Past:
    """What earlier passes last wrote, under one namespace, to each run."""

    writes: dict[str, PastWrite] = field(default_factory=dict)
    """The runs that were closed, by path."""
    undone: dict[str, Undone] = field(default_factory=dict)
    """The runs whose change was undone, by path."""
    namespace: str = Policy().namespace
    warnings: list[str] = field(default_factory=list)
    """Journals that could not be read."""
    unfinished: OpenWrites = field(default_factory=OpenWrites)
    """Writes that were begun and are not known to have arrived."""
    _outages: dict[datetime, ReportedOutage] = field(default_factory=dict)

    def outages(self) -> tuple[ReportedOutage, ...]:
        """The outages that earlier passes found, the oldest first."""
        return tuple(self._outages[start] for start in sorted(self._outages))

    def written_at(self) -> dict[str, datetime]:
        """When the janitor last wrote each run that it wrote, or began to."""
        latest = {run: write.at for run, write in self.writes.items()}
        latest |= {run: undone.at for run, undone in self.undone.items()}
        return latest

    def add_journals(self, paths: Iterable[Path]) -> None:
        """Take in the journals of a folder, the oldest first.

        A journal that cannot be read, or that names a key which the janitor never writes, is left
        out, with a warning. So are those of other namespaces, without one.
        """
        for path in paths:
            try:
                record = read_journal(path, found=True)
                check_keys(record)
            except JournalError as error:
                self.warnings.append(f"a journal of an earlier pass is ignored: {error}")
                continue
            self._add_outages(record.outages)
            if record.namespace == self.namespace:
                self._add_journal(record)

    def _add_journal(self, record: JournalRecord) -> None:
        self.unfinished.add(record)
        for write in record.writes:
            if write.outcome in {None, Outcome.WRITTEN}:
                self._add(write.run, write.after)
            if record.command == "undo" and write.outcome != Outcome.SUPERSEDED:
                self._add_undone(write, record.path)
            else:
                self.undone.pop(write.run, None)
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

    def _add_undone(self, write: JournaledWrite, journal: Path) -> None:
        rule, at = _undone_rule(write, self.namespace), parse_time(write.at)
        if rule is None or at is None:  # the undo of an undo: the change stands again
            self.undone.pop(write.run, None)
        else:
            self.undone[write.run] = Undone(rule, at, write.wandb_state, journal)

    def _add(self, run: str, after: Mapping[str, Any]) -> None:
        rule, state, at = (_mark(after, name, self.namespace) for name in ("rule", "state", "at"))
        at = parse_time(at)
        if not isinstance(rule, str) or at is None:
            self.writes.pop(run, None)  # it was undone, or resurrected
            return
        times = [after.get(f"{self.namespace}.{name}_time") for name in ("failure", "completion")]
        last_alive = next((time for time in map(parse_time, times) if time is not None), None)
        silence = None if last_alive is None else at - last_alive
        self.writes[run] = PastWrite(rule, at, silence, state if isinstance(state, str) else None)


def check_keys(record: JournalRecord) -> None:
    """Make sure that a journal names only keys that the janitor writes.

    Raises:
        JournalError: it names another: the janitor did not write it as it is.

    """
    for write in record.writes:
        foreign = [
            *foreign_keys(write.before, write.form, record.namespace),
            *foreign_keys(write.after, write.form, record.namespace),
        ]
        if foreign:
            raise JournalError(
                f"{record.path} names the key {foreign[0]!r} of {write.run}, which the janitor"
                " never writes"
            )


def _undone_rule(write: JournaledWrite, namespace: str) -> str | None:
    """The rule whose change an undo's write took back; None if it took back an undo."""
    rule = _mark(write.before, "rule", namespace)
    if isinstance(rule, str) and _mark(write.after, "rule", namespace) is None:
        return rule
    was, now = (_mark(each, "resurrected_at", namespace) for each in (write.before, write.after))
    return resurrected.ID if was is not None and now is None else None


def _mark(values: Mapping[str, Any], name: str, namespace: str) -> Any:
    """A mark of the janitor among a write's values; None if it is not there."""
    marks = values.get(f"{namespace}.janitor")
    inside = marks.get(name) if isinstance(marks, Mapping) else None
    return values.get(f"{namespace}.janitor.{name}", inside)


def hold_undone(planned: Sequence[PlannedRun], past: Past) -> list[PlannedRun]:
    """The plan with the changes held that people undid, until the run shows life again.

    Only the same rule is held: a run that another rule would change has new reasons for it.
    """
    return [one if (hold := _why_undone(one, past)) is None else one.held(hold) for one in planned]


def _why_undone(planned: PlannedRun, past: Past) -> Hold | None:
    judgement = planned.judgement
    run, verdict, reading = judgement.run, judgement.verdict, judgement.reading
    undone = past.undone.get(run.path)
    if undone is None or not isinstance(verdict, Change) or reading is None:
        return None
    last_alive = reading.vitals.last_alive
    was_alive = last_alive is not None and last_alive > undone.at + _OWN_WRITE
    if was_alive or verdict.rule != undone.rule or run.wandb_state != undone.wandb_state:
        return None
    way = f"janitor undo {undone.journal.absolute()} --run {run.id}"
    return Hold(
        verdict.rule,
        f"this change was undone on {undone.at:%Y-%m-%d %H:%M} UTC, and the run has shown no sign"
        f" of life since; to make it again: {way}",
    )
