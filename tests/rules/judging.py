"""The two helpers with which every rule is tested."""

from __future__ import annotations

from datetime import datetime

from janitor.model import Change, Clean, Hold, Policy, RunInfo, SweepRunState, Untracked
from janitor.rules import Judgement, judge
from tests.support.run_samples import NOW

POLICY = Policy()


def judged_twice(run: RunInfo, policy: Policy, now: datetime) -> Judgement:
    """The judgement of a run, which a second look at the same moment does not change."""
    judgement = judge(run, policy, now)
    assert judge(run, policy, now) == judgement
    return judgement


def check_changed(
    run: RunInfo,
    rule: str,
    to: str,
    reason: str = "",
    policy: Policy = POLICY,
    now: datetime = NOW,
) -> Change:
    """The rule changes the run to the state, for a reason that says this."""
    verdict = judged_twice(run, policy, now).verdict
    assert isinstance(verdict, Change), verdict
    assert (verdict.rule, verdict.to) == (rule, SweepRunState(to)), verdict
    assert reason in verdict.reason
    return verdict


def check_held(
    run: RunInfo, reason: str, rule: str = "none", policy: Policy = POLICY, now: datetime = NOW
) -> Hold:
    """The run is left as it is, for a reason that says this."""
    verdict = judged_twice(run, policy, now).verdict
    assert isinstance(verdict, Hold), verdict
    assert verdict.rule == rule, verdict
    assert reason in verdict.reason, verdict
    return verdict


def check_noop(
    run: RunInfo,
    kind: type[Clean | Untracked],
    policy: Policy = POLICY,
    now: datetime = NOW,
) -> None:
    """There is nothing to do for the run."""
    verdict = judged_twice(run, policy, now).verdict
    assert isinstance(verdict, kind), verdict
