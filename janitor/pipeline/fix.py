"""One pass: resolve, scan, plan, guard, repair, report. A dry run does not repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from janitor.errors import TransientError
from janitor.model import AnyTarget, Hold, Outcome, ResolvedTarget
from janitor.model.wording import counted
from janitor.pipeline.context import Pass
from janitor.pipeline.describe import describe_hold, describe_shard, describe_thresholds
from janitor.pipeline.false_positives import came_back, false_positives
from janitor.pipeline.guards import brake
from janitor.pipeline.history import hold_undone
from janitor.pipeline.incremental import may_be_incremental
from janitor.pipeline.plan import (
    PlannedRun,
    Repair,
    check_each_run_stands_once,
    named,
    plan_run,
)
from janitor.pipeline.recovery import look_after
from janitor.pipeline.repair import Proposal, Result, Writer, repair
from janitor.pipeline.report_builder import ReportDraft
from janitor.pipeline.resolve import resolve
from janitor.pipeline.scan import Scanner, unreadable_times, without_repeats
from janitor.pipeline.settled import UNTRACKED
from janitor.pipeline.sweep_scan import SweepScan
from janitor.pipeline.weighing import weigh
from janitor.records.changes import ReportedChange
from janitor.records.report import (
    Brake,
    Command,
    RaceWindow,
    Report,
    ReportedTarget,
)
from janitor.rules import Judgement


def fix(targets: Sequence[AnyTarget], work: Pass, command: Command = "fix") -> Report:
    """Scan the targets and repair their runs; in a dry run, report what would be changed.

    If no target could be resolved, the report has no targets, and its errors say why.
    """
    draft = open_report(work, command)
    scans = _scan(targets, work, draft)
    runs = without_repeats(scans)
    work = weigh(scans, work, draft)
    planned = hold_undone(_plan(scans, work), work.past)
    judged = [one.judgement for one in planned]
    draft.brake = brake(judged, work.guards.brake)
    kept = [judgement for scan in scans for judgement in scan.kept.values()]
    _report_returns([*judged, *kept], work, draft)
    _finish_open_writes(scans, work, draft)
    _report_unchanged(scans, planned, draft)
    changes = [one.change for one in planned if one.change is not None]
    _carry_out(changes, work, draft, as_reviewed=False)
    return close_report(draft, work, runs)


def apply(changes: Sequence[ReportedChange], planned_brake: Brake, work: Pass) -> Report:
    """Carry out the changes of a reviewed plan, unless the brake stops them.

    Args:
        changes: The changes of the plan.
        planned_brake: The brake at the time of the plan.
        work: The pass, with the plan's own policy.

    Raises:
        PlanError: the plan contains a run twice.

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
        command=command,
        dry_run=work.is_dry,
        started_at=work.clock.now(),
        namespace=work.policy.namespace,
    )
    draft.clock = work.backend.clock_reading
    draft.thresholds = describe_thresholds(work.policy)
    return draft


def close_report(draft: ReportDraft, work: Pass, runs: int) -> Report:
    """The report of a pass that has ended. ``runs`` is the number of runs that it saw."""
    if work.writer is not None:
        work.writer.conclude(work.interrupter.reason())
        if (why := work.writer.halted) is not None:
            draft.add_error(f"nothing more was written: {why}")
        for project, said in work.writer.refusals.items():
            draft.add_error(f"this login may not write here: {said}", target=project)
        journal = work.writer.journal.path
        draft.journal = None if journal is None else str(journal)
    draft.interrupted = work.interrupter.reason()
    draft.requests = work.backend.requests()
    return draft.finish(work.clock.now(), runs=runs)


def _scan(targets: Sequence[AnyTarget], work: Pass, draft: ReportDraft) -> list[SweepScan]:
    """Read and judge every run of the targets; the report says what could not be read."""
    resolution = resolve(work.store, targets, work.shard, work.interrupter)
    draft.shard = describe_shard(work.shard, len(resolution.sweeps), resolution.left_to_others)
    for target, error in resolution.errors:
        transient = isinstance(error, TransientError)
        draft.add_error(str(error), target=target, transient=transient)
    scanner = Scanner(
        work.store,
        work.policy,
        work.clock,
        work.observer,
        work.interrupter,
        work.past.writes.keys(),
        work.memory,
        may_be_incremental(resolution.sweeps) if work.memory is not None else (),
        work.parts,
    )
    scans = scanner.scan(resolution.sweeps)
    for scan in scans:
        _report_coverage(scan, draft)
    if not resolution.left_to_others:
        _report_outside(resolution.sweeps, scans, draft)
    if work.memory is not None:
        read = [(sweep.target, scan) for sweep, scan in zip(resolution.sweeps, scans, strict=True)]
        if (why := work.memory.learn(read)) is not None:
            draft.add_warning(why)
    return scans


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
            runs_known=scan.known.runs if scan.known else 0,
            known_since=scan.known.full_at if scan.known else None,
            whole_because=scan.whole_because,
        )
    )
    if scan.error is not None:
        draft.add_error(scan.error, target=scan.target)
    elif not scan.is_complete:
        draft.add_error(
            f"only {scan.seen} of {scan.expected} runs could be read; the next pass tries again",
            target=scan.target,
        )
    if scan.duplicates:
        draft.add_warning(f"{scan.target}: {scan.duplicates} runs were listed twice")


def _report_outside(
    sweeps: Sequence[ResolvedTarget], scans: Sequence[SweepScan], draft: ReportDraft
) -> None:
    """Warn of the runs of whole projects that are in no sweep: they were not read."""
    runs_of: dict[str, int] = {}
    inside: Counter[str] = Counter()
    for sweep, scan in zip(sweeps, scans, strict=True):
        project = sweep.path.rpartition("/")[0]
        if sweep.runs_of_project is None or not scan.is_complete:
            runs_of[project] = 0
            continue
        runs_of.setdefault(project, sweep.runs_of_project)
        inside[project] += (scan.expected or 0) + scan.left_out
    for project, runs in runs_of.items():
        if (outside := runs - inside[project]) > 0:
            are = "is" if outside == 1 else "are"
            draft.add_warning(
                f"{counted(outside, 'run')} of project {project} {are} in no sweep and not part of"
                " this pass; to add all runs of the project, use --include all"
            )


def _plan(scans: Sequence[SweepScan], work: Pass) -> list[PlannedRun]:
    """The plan for each run that is not clean."""
    page_of, policy, clock = work.backend.page_of, work.policy, work.clock
    return [
        plan_run(judgement, scan.target, page_of(path), policy, clock.now())
        for scan in scans
        for path, judgement in scan.judged.items()
    ]


def _report_returns(judged: Sequence[Judgement], work: Pass, draft: ReportDraft) -> None:
    """Count the runs that an earlier pass marked as ended by mistake; each of them once."""
    for warning in work.past.warnings:
        draft.add_warning(warning)
    found = came_back(judged, work.past, work.policy)
    draft.false_positives = false_positives(found, judged)
    for path in sorted(found.keys() & work.past.writes.keys()):
        if work.writer is not None:
            work.writer.record_return(path)


def _finish_open_writes(scans: Sequence[SweepScan], work: Pass, draft: ReportDraft) -> None:
    """Finish the writes to these runs that an earlier pass could not read back."""
    if work.writer is None or _is_held_back(work, draft):
        return
    writes = {
        run: work.past.unfinished.of(run)
        for run in work.past.unfinished.runs()
        if any(run in scan for scan in scans)
    }
    for run, sentence in look_after(writes, work.writer, work.clock.now(), work.policy):
        draft.add_warning(sentence, run=run)


def _report_unchanged(
    scans: Sequence[SweepScan], planned: Sequence[PlannedRun], draft: ReportDraft
) -> None:
    """Add the runs that stay unchanged to the report."""
    for scan in scans:
        for state in scan.clean.values():
            draft.count_clean(state)
        draft.count_untracked(len(scan.untracked))
        for word, runs in (scan.known.states if scan.known else {}).items():
            draft.count_untracked(runs) if word == UNTRACKED else draft.count_clean(word, runs)
    for one in planned:
        judgement, path = one.judgement, one.judgement.run.path
        for sentence in unreadable_times(judgement):
            draft.add_warning(sentence, run=path)
        if isinstance(judgement.verdict, Hold):
            verdict = judgement.verdict
            draft.add_held(describe_hold(judgement, verdict, target=one.target, url=one.url))


def _carry_out(
    changes: Sequence[ReportedChange], work: Pass, draft: ReportDraft, *, as_reviewed: bool
) -> None:
    """Repair, except in a dry run or if the brake is on. The report gets every change."""
    if draft.brake is not None and draft.brake.tripped and work.guards.force:
        draft.brake = draft.brake.model_copy(update={"overruled": True})
    if work.writer is None or _is_held_back(work, draft):
        for change in changes:
            draft.add_change(change)
        return
    proposals = [Repair(change, work.policy, as_reviewed=as_reviewed) for change in changes]
    report_results(proposals, {change.run: change for change in changes}, work.writer, work, draft)


def _is_held_back(work: Pass, draft: ReportDraft) -> bool:
    """Whether the brake is on, so that nothing may be written."""
    return draft.brake is not None and draft.brake.tripped and not work.guards.force


def report_results(
    proposals: Sequence[Proposal],
    described: Mapping[str, ReportedChange],
    writer: Writer,
    work: Pass,
    draft: ReportDraft,
) -> None:
    """Carry out the proposals and report the results.

    ``described`` holds the change of each run, by its path.
    """
    work.observer.repairing(len(proposals))
    windows = []
    for result in repair(proposals, writer):
        change = described[result.path]
        draft.add_change(_with_outcome(change, result), state_after=result.state)
        work.observer.repaired()
        if result.attempt is not None and result.attempt.window is not None:
            windows.append(result.attempt.window)
    if windows:
        draft.race_window = RaceWindow(
            median_seconds=median(windows), max_seconds=max(windows), writes=len(windows)
        )


def _with_outcome(planned: ReportedChange, result: Result) -> ReportedChange:
    update: dict[str, object] = {"outcome": result.outcome, "error": result.error}
    if result.attempt is not None:
        edits = result.attempt.edits
        update |= {
            "before": named(result.attempt.before, edits.form),
            "after": named(edits.values, edits.form),
            "form": edits.form,
            "partial": result.outcome is Outcome.WRITTEN and edits.note is not None,
        }
    return planned.model_copy(update=update)
