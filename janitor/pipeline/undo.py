"""Undo: restores earlier values key by key, if the value is still the one that the janitor wrote.

The journal or report is input. An undo only restores keys that the janitor writes, and only in runs
that it may write: untracked and ignored runs stay unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from janitor.config import parse_run_path
from janitor.errors import ReportError, UsageError
from janitor.model import Outcome, Policy, RunInfo, WandbState
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT, Form
from janitor.pipeline.context import Pass
from janitor.pipeline.edits import Edits, foreign_keys
from janitor.pipeline.fix import close_report, open_report, report_results
from janitor.pipeline.history import check_keys
from janitor.pipeline.plan import Withdrawn, named
from janitor.records.changes import ReportedChange
from janitor.records.journal import JournaledWrite, read_journal
from janitor.records.json_text import load_report
from janitor.records.keys import key_of, path_of
from janitor.records.report import Report, ReportedError
from janitor.rules.selection import why_not_ours
from janitor.runtime.redaction import MASK

RULE = "undo"
_NOT_RESTORED: Final = "not restored: "


@dataclass(frozen=True, slots=True)
class Restoration:
    """One run to restore to the values before a write of the janitor."""

    path: str
    name: str
    form: Form
    namespace: str
    before: Mapping[str, Any]
    """The values before the write, by the names of their keys in reports."""
    after: Mapping[str, Any]
    """The values that the janitor wrote to these keys; a key that is missing here was removed."""
    wandb_state: WandbState
    source: str
    """The file in which the write is recorded."""
    policy: Policy = field(default_factory=Policy)
    """Defines which runs are ignored."""

    others: tuple[Restoration, ...] = ()
    """Other writes of the same pass to the run. One whose answer was lost may have arrived last."""

    def is_marked_in(self, fresh: RunInfo) -> bool:
        """Whether the run's marks are from this write."""
        at = self.after.get(key_of(self._place_of("janitor.at"), self.form), ABSENT)
        found = summaries.get(fresh.summary, self._place_of("janitor.at"))
        return at is not ABSENT and summaries.same_or_absent(found, at)

    def _place_of(self, name: str) -> summaries.Path:
        return summaries.places(self.form, self.namespace, name)[0]

    def edits(self, fresh: RunInfo, now: datetime) -> Edits | Withdrawn:
        """What to restore in the run as it is now."""
        if fresh.defect is not None:
            return Withdrawn(f"its summary cannot be read: {fresh.defect}")
        if (why := why_not_ours(fresh, self.policy.within(self.namespace))) is not None:
            return Withdrawn(_NOT_RESTORED + why)
        for other in self.others:
            if other.is_marked_in(fresh) and not self.is_marked_in(fresh):
                return replace(other, policy=self.policy).edits(fresh, now)
        if (why := self._written_since(fresh)) is not None:
            return Withdrawn(_NOT_RESTORED + why)
        back: dict[summaries.Path, Any] = {}
        in_the_way = []
        for key in dict.fromkeys([*self.after, *self.before]):
            place = path_of(key, self.form, self.namespace)
            ours, former = self.after.get(key, ABSENT), self.before.get(key, ABSENT)
            found = summaries.get(fresh.summary, place)
            if summaries.same_or_absent(found, former):
                continue
            if summaries.same_or_absent(found, ours):
                back[place] = former
            else:
                in_the_way.append(f"{key} is {_shown(found)} now, not {_shown(ours)}")
        kept = "; ".join(in_the_way)
        if not back:
            return Withdrawn(_NOT_RESTORED + kept if kept else "it has its earlier values already")
        note = f"restored in part; {_NOT_RESTORED}{kept}" if kept else None
        return Edits(self.form, back, note)

    def _written_since(self, fresh: RunInfo) -> str | None:
        """Whether a janitor wrote the run after the write that is to be undone.

        Half of that later write would be left, and the run would look alive.
        """
        places = {
            place
            for name in ("janitor.at", "janitor.resurrected_at")
            for place in summaries.places(self.form, self.namespace, name)
        }
        for key in dict.fromkeys([*self.after, *self.before]):
            place = path_of(key, self.form, self.namespace)
            if place not in places:
                continue
            found = summaries.get(fresh.summary, place)
            expected = (self.after.get(key, ABSENT), self.before.get(key, ABSENT), ABSENT)
            if not any(summaries.same_or_absent(found, one) for one in expected):
                return (
                    f"the janitor wrote it again later ({key} is {_shown(found)}); undo that pass"
                    " first"
                )
        return None

    def described(self) -> ReportedChange:
        """The restoration as a report shows it, not yet carried out."""
        state = key_of(summaries.places(self.form, self.namespace, "state")[0], self.form)
        return ReportedChange(
            run=self.path,
            name=self.name,
            from_=str(self.after.get(state, "")),
            to=str(self.before.get(state, "")),
            rule=RULE,
            reason=f"undo of {self.source}",
            outcome=Outcome.PLANNED,
            before=dict(self.after),
            after=dict(self.before),
            form=self.form,
            wandb_state=self.wandb_state,
        )


def restorations(file: Path, runs: Sequence[str] = ()) -> tuple[list[Restoration], str]:
    """What a journal or a report says was written, to be undone; and the namespace.

    Args:
        file: A journal (``.jsonl``) or a report (``.json``).
        runs: Only these, by path or by id; none for all.

    Raises:
        UsageError: a run is not in the file.
        JournalError: the journal cannot be read, or names a key that the janitor never writes.
        ReportError: the same of a report.

    """
    read = _of_report if file.suffix.lower() == ".json" else _of_journal
    found, namespace = read(file)
    latest = {one.path: one for one in found}
    if not runs:
        return list(latest.values()), namespace
    chosen = []
    for run in map(parse_run_path, runs):
        matches = [path for path in latest if run in {path, path.rsplit("/", 1)[-1]}]
        if not matches:
            raise UsageError(f"{file} records no write to a run {run}")
        chosen += matches
    return [latest[path] for path in dict.fromkeys(chosen)], namespace


def _of_journal(file: Path) -> tuple[list[Restoration], str]:
    record = read_journal(file)
    check_keys(record)
    found = []
    writes: dict[str, list[JournaledWrite]] = {}
    for write in record.writes:
        writes.setdefault(write.run, []).append(write)
    for standing in _standing(record.writes):
        one, *others = (
            Restoration(
                path=write.run,
                name=write.name,
                form=write.form,
                namespace=record.namespace,
                before=write.before,
                after=write.after,
                wandb_state=WandbState(write.wandb_state),
                source=file.name,
            )
            for write in (standing, *writes[standing.run])
        )
        found.append(replace(one, others=tuple(others)))
    return found, record.namespace


def _standing(writes: Iterable[JournaledWrite]) -> Iterable[JournaledWrite]:
    """The last write of each run; the one before it if that corrects it and may have failed."""
    standing: dict[str, JournaledWrite] = {}
    for write in writes:
        mended = write.outcome in {Outcome.WRITTEN, Outcome.SUPERSEDED}
        if not write.put_back or mended:
            standing[write.run] = write
        else:
            standing.setdefault(write.run, write)
    return standing.values()


def _of_report(file: Path) -> tuple[list[Restoration], str]:
    report = load_report(file)
    for change in report.changes:
        if MASK in repr(dict(change.before)):
            raise UsageError(
                f"{file} does not show all earlier values of {change.run}, because they hold a"
                f" secret: undo the journal instead ({report.journal or 'janitor journal list'})"
            )
    found = [
        Restoration(
            path=change.run,
            name=change.name,
            form=change.form,
            namespace=report.namespace,
            before=change.before,
            after=change.after,
            wandb_state=WandbState(change.wandb_state or ""),
            source=file.name,
        )
        for change in report.changes
        if change.outcome in {Outcome.WRITTEN, Outcome.FAILED} and change.form is not None
    ]
    for one in found:
        foreign = [
            *foreign_keys(one.before, one.form, report.namespace),
            *foreign_keys(one.after, one.form, report.namespace),
        ]
        if foreign:
            raise ReportError(
                f"{file} names the key {foreign[0]!r} of {one.path}, which the janitor never writes"
            )
    return found, report.namespace


def undo(wanted: Sequence[Restoration], work: Pass) -> Report:
    """Restore the runs; in a dry run, report what would be restored and what would not."""
    wanted = [replace(one, policy=work.policy) for one in wanted]
    draft = open_report(work, "undo")
    described = {one.path: one.described() for one in wanted}
    if work.writer is None:
        _preview(wanted, described, work, draft.add_change)
    else:
        report_results(wanted, described, work.writer, work, draft)
    report = close_report(draft, work, len(wanted))
    return report if work.is_dry else _with_shortfall(report)


def _with_shortfall(report: Report) -> Report:
    """The report with an error for the runs that were restored in part, or not at all."""
    partly = sum(change.partial for change in report.changes)
    left = sum((change.error or "").startswith(_NOT_RESTORED) for change in report.changes)
    messages = []
    if partly:
        messages.append(f"{_runs(partly)} restored only in part; the report says what is not")
    if left:
        messages.append(f"{_runs(left)} not restored; the report says why")
    errors = (ReportedError(target=None, message=message) for message in messages)
    return report.model_copy(update={"errors": (*report.errors, *errors)})


def _runs(count: int) -> str:
    return "1 run was" if count == 1 else f"{count:,} runs were"


def _preview(
    wanted: Sequence[Restoration],
    described: Mapping[str, ReportedChange],
    work: Pass,
    add: Any,
) -> None:
    found = work.store.fetch_summaries([one.path for one in wanted]) if wanted else {}
    for one in wanted:
        change, run = described[one.path], found[one.path]
        if not isinstance(run, RunInfo):
            add(change.model_copy(update={"outcome": Outcome.FAILED, "error": str(run)}))
            continue
        edits = one.edits(run, work.clock.now())
        if isinstance(edits, Withdrawn):
            update: dict[str, Any] = {"outcome": Outcome.SUPERSEDED, "error": edits.reason}
        else:
            update = {
                "before": named(edits.before(run.summary), one.form),
                "after": named(edits.values, one.form),
                "error": edits.note,
            }
        add(change.model_copy(update=update))


def _shown(value: Any) -> str:
    return "gone" if value is ABSENT else f"{value!r:.60}"
