"""One pass: resolve, scan, plan, guard, repair, report. A dry run leaves out the repair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from janitor.model import Change, Hold, Outcome, Target
from janitor.pipeline.context import Pass
from janitor.pipeline.describe import describe_hold, describe_shard, describe_thresholds
from janitor.pipeline.guards import brake, held_by_stand_down, stand_down
from janitor.pipeline.history import came_back, false_positives
from janitor.pipeline.plan import Repair, check_each_run_stands_once, named, plan_change
from janitor.pipeline.recovery import look_after
from janitor.pipeline.repair import Proposal, Result, Writer, repair
from janitor.pipeline.report_builder import ReportDraft
from janitor.pipeline.scan import Scanner, SweepScan, resolve, unreadable_times, without_repeats
from janitor.records.report import (
    Brake,
    Command,
    RaceWindow,
    Report,
    ReportedChange,
    ReportedTarget,
)
from janitor.rules import Judgement


def fix(targets: Sequence[Target], work: Pass, command: Command = "fix") -> Report:
    """Scan the targets and repair their runs; without a writer, say what would be done.

    A report without targets says that none could be resolved; its errors say why.
    """
    draft = open_report(work, command)
    resolution = resolve(work.store, targets, work.shard, work.patience)
    draft.shard = describe_shard(work.shard, len(resolution.sweeps), resolution.left_to_others)
    for target, error in resolution.errors:
        draft.add_error(str(error), target=target)
    scanner = Scanner(
        work.store, work.policy, work.clock, work.observer, work.should_stop, work.patience
    )
    scans = scanner.scan(resolution.sweeps)
    for scan in scans:
        _report_coverage(scan, draft)
    runs = without_repeats(scans)
    _stand_down(scans, work, draft)
    judged = [judgement for scan in scans for judgement in scan.judged.values()]
    draft.brake = brake(judged, work.guards.brake)
    _report_returns(judged, work, draft)
    _look_after_open_writes(scans, work, draft)
    changes = [change for scan in scans for change in _report_scan(scan, work, draft)]
    _carry_out(changes, work, draft, as_reviewed=False)
    return close_report(draft, work, runs)


def apply(changes: Sequence[ReportedChange], planned_brake: Brake, work: Pass) -> Report:
    """Carry out the changes of a plan that was reviewed, if the brake lets them pass.

    Args:
        changes: The plan's.
        planned_brake: What the brake said when the plan was made.
        work: The pass, with the plan's own policy.

    Raises:
        PlanError: the plan names a run twice.

    """
    check_each_run_stands_once(changes)
    draft = open_report(work, "apply")
    draft.brake = planned_brake
    allowed = work.guards.brake.max_changes
    if len(changes) > allowed:
        draft.brake = Brake.of_changes(len(changes), allowed)
    _carry_out(changes, work, draft, as_reviewed=True)
    return close_report(draft, work, len(changes))


def open_report(work: Pass, command: Command) -> ReportDraft:
    """The report of a pass that begins."""
    draft = ReportDraft(
        version=work.version,
        command=command,
        dry_run=work.writer is None,
        started_at=work.clock.now(),
        namespace=work.policy.namespace,
    )
    draft.clock = work.clock_reading
    draft.thresholds = describe_thresholds(work.policy)
    return draft


def close_report(draft: ReportDraft, work: Pass, runs: int) -> Report:
    """The report of a pass that has come to its end, having seen so many runs."""
    if work.writer is not None and (why := work.writer.halted) is not None:
        draft.add_error(f"no more was written, for {why}")
    for project, said in work.writer.refusals.items() if work.writer is not None else ():
        draft.add_error(f"this login may not write here: {said}", target=project)
    draft.interrupted = work.interruption()
    draft.journal = work.journal()
    draft.requests = work.traffic()
    return draft.finish(work.clock.now(), runs=runs)


def _report_coverage(scan: SweepScan, draft: ReportDraft) -> None:
    draft.add_target(
        ReportedTarget(
            target=scan.target,
            runs_expected=scan.expected,
            runs_seen=scan.seen,
            complete=scan.is_complete,
            duplicates=scan.duplicates,
            missing=scan.missing,
            left_out=scan.left_out,
        )
    )
    if scan.error is not None:
        draft.add_error(scan.error, target=scan.target)
    elif not scan.is_complete:
        draft.add_error(
            f"only {scan.seen} of {scan.expected} runs could be read; the others are left"
            " for the next pass",
            target=scan.target,
        )
    if scan.duplicates:
        draft.add_warning(f"{scan.target}: {scan.duplicates} runs were listed twice")


def _stand_down(scans: Sequence[SweepScan], work: Pass, draft: ReportDraft) -> None:
    """Hold the guesses among runs that went silent at once."""
    judged = [judgement for scan in scans for judgement in scan.judged.values()]
    found, silent = stand_down(judged, work.guards.stand_down, work.clock.now())
    draft.stand_down = found
    for scan in scans:
        for path in scan.judged.keys() & silent:
            scan.judged[path] = held_by_stand_down(scan.judged[path], found)


def _report_returns(judged: Sequence[Judgement], work: Pass, draft: ReportDraft) -> None:
    """Count the runs that an earlier pass called over by mistake; each of them once."""
    for warning in work.past.warnings:
        draft.add_warning(warning)
    found = came_back(judged, work.past, work.policy)
    draft.false_positives = false_positives(found, judged)
    for path in sorted(found.keys() & work.past.writes.keys()):
        if work.writer is not None:
            work.writer.record_return(path)


def _look_after_open_writes(scans: Sequence[SweepScan], work: Pass, draft: ReportDraft) -> None:
    """See through what an earlier pass wrote to these runs and did not live to read back."""
    if work.writer is None or _is_held_back(work, draft):
        return
    writes = {
        run: work.past.unfinished.of(run)
        for run in work.past.unfinished.runs()
        if any(run in scan for scan in scans)
    }
    for run, sentence in look_after(writes, work.writer, work.clock.now()):
        draft.add_warning(sentence, run=run)


def _report_scan(scan: SweepScan, work: Pass, draft: ReportDraft) -> list[ReportedChange]:
    """Put what is left alone into the report; what is to be changed is returned."""
    for state in scan.clean.values():
        draft.count_clean(state)
    draft.count_untracked(len(scan.untracked))
    changes = []
    for judgement in scan.judged.values():
        for sentence in unreadable_times(judgement):
            draft.add_warning(sentence, run=judgement.run.path)
        planned = _planned(judgement, scan.target, work)
        if isinstance(planned, Hold):
            url = work.page_of(judgement.run.path)
            draft.add_held(describe_hold(judgement, planned, target=scan.target, url=url))
        else:
            changes.append(planned)
    return changes


def _planned(judgement: Judgement, target: str, work: Pass) -> ReportedChange | Hold:
    match judgement.verdict:
        case Hold() as hold:
            return hold
        case Change(rule=rule):
            try:
                planned = plan_change(
                    judgement, target, work.policy, work.clock.now(), work.version
                )
            except ValueError as error:
                return Hold(rule, f"nothing can be written: {error}")
            return planned.model_copy(update={"url": work.page_of(planned.run)})
        case verdict:
            raise TypeError(f"{judgement.run.path} is neither held nor to be changed: {verdict}")


def _carry_out(
    changes: Sequence[ReportedChange], work: Pass, draft: ReportDraft, *, as_reviewed: bool
) -> None:
    """Repair, unless this is a dry run or the brake is on; every change goes into the report."""
    if draft.brake is not None and draft.brake.tripped and work.guards.force:
        draft.brake = draft.brake.model_copy(update={"overruled": True})
    if work.writer is None or _is_held_back(work, draft):
        for change in changes:
            draft.add_change(change)
        return
    proposals = [
        Repair(change, work.policy, work.version, as_reviewed=as_reviewed) for change in changes
    ]
    report_results(proposals, {change.run: change for change in changes}, work.writer, work, draft)


def _is_held_back(work: Pass, draft: ReportDraft) -> bool:
    """Whether the brake is on, so that nothing at all may be written."""
    return draft.brake is not None and draft.brake.tripped and not work.guards.force


def report_results(
    proposals: Sequence[Proposal],
    described: Mapping[str, ReportedChange],
    writer: Writer,
    work: Pass,
    draft: ReportDraft,
) -> None:
    """Carry out the proposals and report each, as it was described by the path of its run."""
    work.observer.repairing(len(proposals))
    windows = []
    for result in repair(proposals, writer):
        change = described[result.proposal.path]
        draft.add_change(_with_outcome(change, result), state_after=result.state)
        work.observer.repaired()
        if result.window is not None:
            windows.append(result.window)
    if windows:
        draft.race_window = RaceWindow(
            median_seconds=median(windows), max_seconds=max(windows), writes=len(windows)
        )


def _with_outcome(planned: ReportedChange, result: Result) -> ReportedChange:
    update: dict[str, object] = {"outcome": result.outcome, "error": result.error}
    if result.outcome is not Outcome.PLANNED and result.edits is not None:
        form = result.edits.form
        update |= {
            "before": named(result.before, form),
            "after": named(result.edits.values, form),
            "form": form,
        }
    return planned.model_copy(update=update)
