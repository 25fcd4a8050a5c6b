"""Undo: what stood before, put back key by key, while the value is still the one we wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from janitor.config import run_path
from janitor.errors import UsageError
from janitor.model import Outcome, RunInfo, WandbState
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT, Form
from janitor.pipeline.context import Pass
from janitor.pipeline.edits import Edits
from janitor.pipeline.fix import close_report, open_report, report_results
from janitor.pipeline.plan import Withdrawn, named
from janitor.records.journal import JournaledWrite, read_journal
from janitor.records.json_text import load_report
from janitor.records.keys import key_of, path_of
from janitor.records.report import Report, ReportedChange
from janitor.runtime.redaction import MASK

RULE = "undo"


@dataclass(frozen=True, slots=True)
class Restoration:
    """One run that is to be put back as it stood before a write of ours."""

    path: str
    name: str
    form: Form
    namespace: str
    before: Mapping[str, Any]
    """Keys, by their names in reports, and what stood there."""
    after: Mapping[str, Any]
    """The same keys and what we wrote; a key that is not here was removed."""
    wandb_state: WandbState
    source: str
    """The file that tells of the write."""

    def edits(self, fresh: RunInfo, now: datetime) -> Edits | Withdrawn:  # noqa: ARG002 - a Proposal's signature
        """What to put back in the run as it is now."""
        if fresh.defect is not None:
            return Withdrawn(f"its summary cannot be read: {fresh.defect}")
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
        note = "in the way: " + "; ".join(in_the_way) if in_the_way else None
        if not back:
            return Withdrawn(note or "it stands as it did before already")
        return Edits(self.form, back, note)

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
    """What a journal or a report says was written, to be put back; and the namespace.

    Args:
        file: A journal (``.jsonl``) or a report (``.json``).
        runs: Only these, by path or by id; none for all.

    Raises:
        UsageError: a run is not in the file.
        JournalError: the journal cannot be read.
        ReportError: the report cannot be read.

    """
    read = _of_report if file.suffix.lower() == ".json" else _of_journal
    found, namespace = read(file)
    latest = {one.path: one for one in found}
    if not runs:
        return list(latest.values()), namespace
    chosen = []
    for run in map(run_path, runs):
        matches = [path for path in latest if run in {path, path.rsplit("/", 1)[-1]}]
        if not matches:
            raise UsageError(f"{file} tells of no write to a run {run}")
        chosen += matches
    return [latest[path] for path in dict.fromkeys(chosen)], namespace


def _of_journal(file: Path) -> tuple[list[Restoration], str]:
    record = read_journal(file)
    found = [
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
        for write in _standing(record.writes)
    ]
    return found, record.namespace


def _standing(writes: Iterable[JournaledWrite]) -> Iterable[JournaledWrite]:
    """The last write of each run, or the one before where that is not known to have mended it."""
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
    return found, report.namespace


def undo(wanted: Sequence[Restoration], work: Pass) -> Report:
    """Put the runs back; without a writer, say what would be put back and what is in the way."""
    draft = open_report(work, "undo")
    described = {one.path: one.described() for one in wanted}
    if work.writer is None:
        _preview(wanted, described, work, draft.add_change)
    else:
        report_results(wanted, described, work.writer, work, draft)
    return close_report(draft, work, len(wanted))


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
