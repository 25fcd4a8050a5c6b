"""Outages of W&B or of the network, as passes find them: their time is not silence.

An outage begins when a pass sees that most open runs fell silent at once
(:func:`janitor.pipeline.guards.stand_down`); its start is the earliest last sign of life among
them. The pass writes it into its journal. It has ended when a later pass sees that most of these
runs are back, or have ended: from then on, and W&B's own five minutes, silence counts again. If
they did not come back within the limits of the stand-down, it was not an outage.

Of an outage between two passes nothing is known. It is shorter than the time between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from janitor.config.table import StandDownLimits
from janitor.model import Change, Hold, Outage, Policy, RunKind
from janitor.pipeline.guards import QUIET, open_readings
from janitor.records.report import ReportedOutage, StandDown
from janitor.rules import RULE_IDS, Judgement, judge
from janitor.rules.reading import Reading

_KEPT: Final = 100
"""Outages that are remembered, the latest."""


def find_outages(
    judged: Sequence[Judgement],
    found: StandDown,
    silent: frozenset[str],
    past: Iterable[ReportedOutage],
    limits: StandDownLimits,
    now: datetime,
) -> tuple[ReportedOutage, ...]:
    """The outages that are known after this pass, the oldest first.

    Args:
        judged: The open runs of the pass.
        found: Whether most of them fell silent at once.
        silent: The paths of those that did.
        past: Those that earlier passes found.
        limits: What counts as falling silent at once.
        now: The present moment, UTC.

    """
    if not limits.enabled:
        return ()
    population = list(open_readings(judged))
    current = _current(population, found, silent, limits)
    known = []
    for outage in past:
        if outage.end is not None:
            known.append(outage)
        elif current is not None and _are_one(outage, current, limits):
            projects = sorted({*outage.projects, *current.projects})
            known.append(outage.model_copy(update={"projects": tuple(projects)}))
            current = None
        else:
            lasted = not _was_none(outage, population, limits)
            known.append(outage.model_copy(update={"end": now if lasted else outage.start}))
    if current is not None:
        known.append(current)
    return tuple(sorted(known, key=lambda outage: outage.start)[-_KEPT:])


def _current(
    population: Sequence[Reading],
    found: StandDown,
    silent: frozenset[str],
    limits: StandDownLimits,
) -> ReportedOutage | None:
    """The outage that this pass sees."""
    start, end = found.window_start, found.window_end
    if not found.active or start is None or end is None:
        return None
    projects = {_project(reading) for reading in population if reading.run.path in silent}
    return ReportedOutage(start=max(start, end - limits.window), projects=tuple(sorted(projects)))


def _are_one(known: ReportedOutage, current: ReportedOutage, limits: StandDownLimits) -> bool:
    """Whether two findings are about the same outage."""
    return abs(known.start - current.start) <= limits.window + QUIET


def _was_none(
    outage: ReportedOutage, population: Sequence[Reading], limits: StandDownLimits
) -> bool:
    """Whether most runs have been silent since, although no outage lasts so long."""
    concerned = [reading for reading in population if _project(reading) in outage.projects]
    last = outage.start + limits.window
    still = [
        reading
        for reading in concerned
        if reading.vitals.last_alive is not None and reading.vitals.last_alive <= last
    ]
    return len(still) * 100 > limits.share_percent * len(concerned)


def _project(reading: Reading) -> str:
    return f"{reading.run.entity}/{reading.run.project}"


def policy_with(known: Iterable[ReportedOutage], policy: Policy, now: datetime) -> Policy:
    """The policy with these outages, each longer by the time that W&B needs after it."""
    outages = (
        Outage(each.start, (each.end or now) + QUIET, frozenset(each.projects))
        for each in known
        if each.end is None or each.end > each.start
    )
    return replace(policy, outages=tuple(outages))


def judged_again(judgement: Judgement, policy: Policy, now: datetime) -> Judgement:
    """The judgement of a run that was to be changed, with the time of outages left out.

    What an own rule concludes from is not known: it is held until the outage is over.
    """
    reading, verdict = judgement.reading, judgement.verdict
    if reading is None or not isinstance(verdict, Change) or not reading.state.is_open:
        return judgement
    if judgement.run.kind is not RunKind.SWEEP_RUN:
        return judgement
    again = judge(judgement.run, policy, now)
    if again.reading is None or not again.reading.vitals.outage:
        return judgement
    if verdict.rule not in RULE_IDS and any(now <= outage.end for outage in policy.outages):
        return Judgement(judgement.run, again.reading, Hold(verdict.rule, _UNDER_WAY))
    return again


_UNDER_WAY: Final = "an outage of W&B or of the network is under way, or ended a moment ago"
