"""What a pass finds out from all runs together, before it plans: outages, and a wrong clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from janitor.pipeline.clock_check import held_by_clock, why_clock_is_wrong
from janitor.pipeline.context import Pass
from janitor.pipeline.guards import held_by_stand_down, stand_down
from janitor.pipeline.outages import find_outages, judged_again, policy_with
from janitor.pipeline.report_builder import ReportDraft
from janitor.pipeline.sweep_scan import SweepScan
from janitor.rules import Judgement


def weigh(scans: Sequence[SweepScan], work: Pass, draft: ReportDraft) -> Pass:
    """Hold the guesses that an outage or a wrong clock explains; the pass that knows of outages.

    Under a wrong clock no outage can be dated: none is looked for.
    """
    now = work.clock.now()
    judged = [judgement for scan in scans for judgement in scan.judged.values()]
    found, silent = stand_down(judged, work.guards.stand_down, now)
    draft.stand_down = found
    why = why_clock_is_wrong(judged, work.backend.clock_reading, now)
    if why is not None:
        draft.clock = work.backend.clock_reading.model_copy(
            update={"warning": f"{why}; guesses are held"}
        )
        _replace_each(scans, lambda judgement: held_by_clock(judgement, why))
        return work
    past = work.past.outages()
    known = find_outages(judged, found, silent, past, work.guards.stand_down, now)
    draft.stand_down = found.model_copy(update={"outages": known})
    for outage in known:
        if work.writer is not None and outage not in past:
            work.writer.record_outage(outage)
    policy = policy_with(known, work.policy, now)

    def weighed(judgement: Judgement) -> Judgement:
        if judgement.run.path in silent:
            return held_by_stand_down(judgement, found)
        return judged_again(judgement, policy, now) if policy.outages else judgement

    _replace_each(scans, weighed)
    return replace(work, policy=policy)


def _replace_each(scans: Sequence[SweepScan], weighed: Callable[[Judgement], Judgement]) -> None:
    for scan in scans:
        for path, judgement in scan.judged.items():
            scan.judged[path] = weighed(judgement)
