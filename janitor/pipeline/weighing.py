"""What a pass finds out from all runs together, before it plans: outages, and a wrong clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from janitor.pipeline.clock_check import held_by_clock, why_clock_is_wrong
from janitor.pipeline.context import Pass
from janitor.pipeline.guards import held_by_stand_down, stand_down
from janitor.pipeline.outages import find_outages, judged_again, policy_with
from janitor.pipeline.report_builder import ReportDraft
from janitor.pipeline.scan import SweepScan


def weigh(scans: Sequence[SweepScan], work: Pass, draft: ReportDraft) -> Pass:
    """Hold the guesses that an outage or a wrong clock explains; the pass that knows of outages."""
    work = _leave_out_outages(scans, work, draft)
    _check_clock(scans, work, draft)
    return work


def _leave_out_outages(scans: Sequence[SweepScan], work: Pass, draft: ReportDraft) -> Pass:
    now, limits = work.clock.now(), work.guards.stand_down
    judged = [judgement for scan in scans for judgement in scan.judged.values()]
    found, silent = stand_down(judged, limits, now)
    past = work.past.outages()
    known = find_outages(judged, found, silent, past, limits, now)
    draft.stand_down = found.model_copy(update={"outages": known})
    for outage in known:
        if work.writer is not None and outage not in past:
            work.writer.record_outage(outage)
    policy = policy_with(known, work.policy, now)
    for scan in scans:
        for path, judgement in scan.judged.items():
            if path in silent:
                scan.judged[path] = held_by_stand_down(judgement, found)
            elif policy.outages:
                scan.judged[path] = judged_again(judgement, policy, now)
    return replace(work, policy=policy)


def _check_clock(scans: Sequence[SweepScan], work: Pass, draft: ReportDraft) -> None:
    judged = [judgement for scan in scans for judgement in scan.judged.values()]
    why = why_clock_is_wrong(judged, work.backend.clock_reading, work.clock.now())
    if why is None:
        return
    draft.clock = work.backend.clock_reading.model_copy(
        update={"warning": f"{why}; guesses are held"}
    )
    for scan in scans:
        for path, judgement in scan.judged.items():
            scan.judged[path] = held_by_clock(judgement, why)
