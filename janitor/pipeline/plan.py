"""The plan of a pass: what to change, and the preconditions that are checked before the write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from janitor.errors import PlanError
from janitor.model import Change, Hold, Outcome, Policy, RunInfo, WandbState, is_local
from janitor.model.summary import ABSENT, Form, Path
from janitor.pipeline.describe import describe_change
from janitor.pipeline.edits import Edits, edits_for
from janitor.records.changes import ReportedChange
from janitor.records.keys import key_of
from janitor.rules import Judgement, judge


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A change that no longer applies, because the run changed."""

    reason: str
    state: str | None = None
    """The run's state now, if it is known."""


def plan_change(
    judgement: Judgement, target: str, policy: Policy, now: datetime, url: str | None = None
) -> ReportedChange:
    """The plan for a run that a rule wants to change.

    Raises:
        ValueError: a value in the summary blocks a key that would be written.

    """
    run, reading, change = judgement.run, judgement.reading, judgement.verdict
    if reading is None or not isinstance(change, Change):
        raise TypeError(f"{run.path}: no rule wants to change this run")
    edits = edits_for(change, reading, policy, now)
    edits.applied(run.summary)
    return describe_change(
        judgement,
        Outcome.PLANNED,
        target=target,
        url=url,
        before=named(edits.before(run.summary), edits.form),
        after=named(edits.values, edits.form),
    )


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run to change or to hold: the verdict, and the plan of its change."""

    judgement: Judgement
    target: str
    url: str
    """The address of the run's page."""
    change: ReportedChange | None = None
    """What to write; None for a run that is held."""

    def held(self, hold: Hold) -> PlannedRun:
        """The same run, held for a reason that was found after it was judged."""
        judgement = Judgement(self.judgement.run, self.judgement.reading, hold)
        return PlannedRun(judgement, self.target, self.url)


def plan_run(
    judgement: Judgement, target: str, url: str, policy: Policy, now: datetime
) -> PlannedRun:
    """The plan for a run that is not clean; held if its change cannot be written."""
    match judgement.verdict:
        case Hold():
            return PlannedRun(judgement, target, url)
        case Change(rule=rule):
            try:
                change = plan_change(judgement, target, policy, now, url)
            except ValueError as error:
                hold = Hold(rule, f"nothing can be written: {error}")
                return PlannedRun(judgement, target, url).held(hold)
            return PlannedRun(judgement, target, url, change)
        case verdict:
            raise TypeError(f"{judgement.run.path} is neither changed nor held: {verdict}")


def check_each_run_stands_once(changes: Iterable[ReportedChange]) -> None:
    """Check that a plan, which may have been edited, writes each run only once.

    Raises:
        PlanError: the plan contains a run twice.

    """
    for run, times in Counter(change.run for change in changes).items():
        if times > 1:
            raise PlanError(f"the plan contains the run {run} {times} times; make a new plan")


def named(values: Mapping[Path, Any], form: Form) -> dict[str, Any]:
    """Values by the names that reports use, without the absent ones."""
    return {key_of(path, form): value for path, value in values.items() if value is not ABSENT}


@dataclass(frozen=True, slots=True)
class Repair:
    """A planned change that is carried out. The run is judged again right before the write.

    ``as_reviewed`` withdraws the change of a run that was active since the plan was made, even if
    the same rule applies again: the reviewers approved the plan for a silent run.
    """

    planned: ReportedChange
    policy: Policy
    as_reviewed: bool = False

    @property
    def path(self) -> str:
        """The run's path."""
        return self.planned.run

    @property
    def wandb_state(self) -> WandbState:
        """The run's state in W&B when the change was planned."""
        return WandbState(self.planned.wandb_state or "")

    def edits(self, fresh: RunInfo, now: datetime) -> Edits | Withdrawn:
        """What to write into the run as it is now, or why it stays unchanged."""
        if (gone := self._left_target(fresh)) is not None:
            return Withdrawn(gone)
        judgement = judge(fresh, self.policy, now)
        reading, verdict, planned = judgement.reading, judgement.verdict, self.planned
        if reading is None or not isinstance(verdict, Change):
            return _moved_on(judgement)
        if (verdict.rule, verdict.to, reading.former_state) != (
            planned.rule,
            planned.to,
            planned.from_,
        ):
            return Withdrawn(
                f"it is {reading.former_state} now, and {verdict.rule} would make it {verdict.to}",
                reading.state,
            )
        if self.as_reviewed and reading.vitals.last_alive != planned.last_alive:
            return Withdrawn("it showed life since the plan was made", reading.state)
        return edits_for(verdict, reading, self.policy, now)

    def _left_target(self, fresh: RunInfo) -> str | None:
        """How a run of W&B left the sweep or group under which it was planned, if it did."""
        planned = self.planned
        if is_local(fresh.path):
            return None
        if fresh.sweep != planned.sweep:
            return f"its sweep is {fresh.sweep or 'none'} now, not {planned.sweep or 'none'}"
        project = f"{fresh.entity}/{fresh.project}/"
        target = (planned.target or "").removeprefix(project)
        if target.startswith("{"):  # a filter is not asked again
            return None
        if target != planned.target and target not in {fresh.sweep, fresh.group, fresh.id, ""}:
            return f"its group is {fresh.group or 'none'} now, not {target}"
        return None


def _moved_on(judgement: Judgement) -> Withdrawn:
    verdict = judgement.verdict
    state = judgement.reading.former_state if judgement.reading else None
    if isinstance(verdict, Hold):
        return Withdrawn(f"held now: {verdict.reason}", state)
    if state is not None:
        return Withdrawn(f"it is {state} now", state)
    return Withdrawn("it no longer has a state")
