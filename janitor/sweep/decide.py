"""decide(): from a ledger to the next decisions. Pure: no clock, no randomness, no I/O.

The order is: what ended is completed or tried again, then budget and brake, then launches:
evaluations first, retries, and what the scheduler adds. See the manual, "Sweeps".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from janitor.model.jobs import Cause, Ending, JobStatus, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import (
    Complete,
    Decision,
    Launch,
    Stop,
    Wait,
)
from janitor.model.trial import Attempt, Trial
from janitor.sweep.brakes import budget_is_spoken_for, reason_to_pause, reason_to_stop
from janitor.sweep.completing import completed
from janitor.sweep.limits import Limits
from janitor.sweep.ports import Exhausted, Fixing, NotNow, Optimizer, Scheduler, Suggestion
from janitor.sweep.seeds import seed_of

_CAUSES = {
    Ending.FAILED: Cause.FAILED,
    Ending.TIMEOUT: Cause.TIMEOUT,
    Ending.PREEMPTED: Cause.PREEMPTED,
    Ending.LOST: Cause.LOST,
    Ending.STOPPED: Cause.LOST,
    Ending.FENCED: Cause.LOST,
}
"""What an attempt is made for after one that ended so."""


@dataclass(slots=True)
class Decided:
    """What was decided."""

    decisions: list[Decision] = field(default_factory=list)
    """For the ledger, in this order."""
    waits: list[Wait] = field(default_factory=list)
    """Why nothing more is launched."""
    is_done: bool = False
    """Whether nothing is open and nothing will come."""


def decide(
    ledger: Ledger, limits: Limits, scheduler: Scheduler, optimizer: Optimizer, now: datetime
) -> Decided:
    """The next decisions of a sweep.

    Args:
        ledger: The sweep; it is not changed.
        limits: What the sweep file allows.
        scheduler: Decides when new trials start.
        optimizer: Decides what they try.
        now: The time that the entry of these decisions will carry, aware, UTC.

    """
    return _Decision(ledger.fork(), limits, scheduler, optimizer, now).made()


class _Decision:
    """One decision in the making. Each part sees what the parts before it decided."""

    def __init__(
        self,
        ledger: Ledger,
        limits: Limits,
        scheduler: Scheduler,
        optimizer: Optimizer,
        now: datetime,
    ) -> None:
        self.ledger, self.limits, self.now = ledger, limits, now
        self.scheduler, self.optimizer = scheduler, optimizer
        self.result = Decided()
        self.is_exhausted = False
        self.ledger.at = now.isoformat()

    def made(self) -> Decided:
        retries = self._ends()
        self._stops()
        self._prunes()
        self._pauses()
        self._launches(retries)
        is_open = self.ledger.has_unfinished
        is_final = self.ledger.stopping is not None or self.is_exhausted
        self.result.is_done = is_final and not is_open and not self.result.decisions
        return self.result

    def _trials(self) -> list[Trial]:
        """Those about which something may be decided."""
        return self.ledger.unfinished()

    def _take(self, decision: Decision) -> None:
        if isinstance(decision, Wait):
            self.result.waits.append(decision)
            self.is_exhausted |= decision.is_last
            return
        self.result.decisions.append(decision)
        self.ledger.decide(decision)

    # -- trials whose last job ended

    def _ends(self) -> list[Launch]:
        """Complete what is complete, and return the retries of what is not."""
        retries = []
        for trial in self.ledger.active():
            ended = trial.newest.ended
            if trial.is_over or ended is None:
                continue
            if ended.ending is Ending.OK:
                self._complete(trial)
            elif (retry := self._retry(trial, trial.newest)) is not None:
                retries.append(retry)
        return retries

    def _complete(self, trial: Trial) -> None:
        """Record the observation, unless an evaluation or another training is to come."""
        is_training = trial.newest.launch.kind is JobTypes.LAUNCH_TRAINING
        if is_training and (not self.scheduler.is_trained(trial) or self.limits.evaluates):
            return
        self._take(completed(trial, self.limits))

    def _retry(self, trial: Trial, attempt: Attempt) -> Launch | None:
        """The next attempt; None, and the trial is given up, if no retry is left."""
        ended = attempt.ended
        if ended is None:
            return None
        launch, cause = attempt.launch, _CAUSES[ended.ending]
        used, allowed = trial.failures(cause, launch.kind), self.limits.retries.get(cause, 0)
        is_training = launch.kind is JobTypes.LAUNCH_TRAINING
        if used < allowed and not (self.ledger.stopping and is_training):
            return replace(
                launch,
                attempt=launch.attempt + 1,
                cause=cause,
                spec=self.ledger.spec.version,
                seed=seed_of(self.ledger.name, trial.index, trial.repeat, _purpose(launch, 1)),
                params={},
                memory=None,
                resume_from=trial.run,
                reason=f"attempt {launch.attempt} ended: {ended.reason}; retry {used + 1} of"
                f" {allowed} for {cause}",
            )
        what = "training" if is_training else "evaluation"
        why = "the sweep is stopping" if used < allowed else f"no retry is left for {cause}"
        status = JobStatus.FAILED if cause is Cause.FAILED else JobStatus.STALE
        reason = f"attempt {launch.attempt} of its {what} ended: {ended.reason}; {why}"
        self._take(Complete(trial.run, status, reason))
        return None

    # -- the end of the sweep, budget and brake

    def _stops(self) -> None:
        """Stop the sweep at its target or budget, and its trials if the sweep is stopping."""
        stop = None if self.ledger.stopping else reason_to_stop(self.ledger, self.limits)
        if stop is not None:
            self._take(stop)
        if (stopping := self.ledger.stopping) is None:
            return
        for trial in self._trials():
            if trial.is_over:
                continue
            if stopping.now:
                self._take(Stop(trial.run, JobStatus.CANCELLED, stopping.reason))
            elif self._waits_at_rung(trial):
                reason = f"not promoted: {stopping.reason}"
                self._take(Stop(trial.run, JobStatus.PRUNED, reason))

    def _prunes(self) -> None:
        """What the scheduler stops. Neither a pause nor a held repair prevents this."""
        for decision in self.scheduler.schedule(self.ledger, 0, self._suggest):
            if isinstance(decision, Stop):
                self._take(decision)

    def _waits_at_rung(self, trial: Trial) -> bool:
        ended = trial.newest.ended
        return (
            ended is not None
            and ended.ending is Ending.OK
            and trial.newest.launch.kind is JobTypes.LAUNCH_TRAINING
            and not self.scheduler.is_trained(trial)
        )

    def _pauses(self) -> None:
        if self.ledger.paused is None and self.ledger.stopping is None:
            pause = reason_to_pause(self.ledger, self.limits, self.now)
            if pause is not None and not (pause.by == "budget" and self._has_nothing_left()):
                self._take(pause)

    def _has_nothing_left(self) -> bool:
        """Whether all trials are over, and no further one would begin. A brake stays a brake."""
        paused = self.ledger.paused
        if self._trials() or (paused is not None and paused.by in {"brake", "refusals"}):
            return False
        decisions = self.scheduler.schedule(self.ledger.fork(), 1, self._suggest)
        return self.is_exhausted and not any(isinstance(each, Launch) for each in decisions)

    # -- launches

    def _launches(self, retries: list[Launch]) -> None:
        free = self.scheduler.slots(self.limits.max_parallel_jobs) - self.ledger.occupied
        if (why := self._why_no_launch()) is not None:
            if not self._has_nothing_left():
                self._take(Wait(why))
            return
        for launch in self._due(retries):
            if self.ledger.trials[launch.run].is_over:
                continue
            if free <= 0:
                self._take(Wait(self._full()))
                return
            self._take(launch)
            free -= 1
        if self.ledger.stopping is not None:
            return
        self._new_trials(free)

    def _full(self) -> str:
        slots = self.scheduler.slots(self.limits.max_parallel_jobs)
        return f"all {slots} slots are occupied" if slots > 1 else "the only slot is occupied"

    def _why_no_launch(self) -> str | None:
        ledger = self.ledger
        if ledger.paused is not None:
            return f"the sweep is paused: {ledger.paused.reason}"
        if ledger.held is not None:
            return f"the repair of this step was held: {ledger.held.reason}"
        return budget_is_spoken_for(ledger, self.limits, self.now)

    def _due(self, retries: list[Launch]) -> Iterator[Launch]:
        """Evaluations first, then retries of evaluations, then those of trainings."""
        if self.limits.evaluates:
            for trial in self.ledger.active():
                if (launch := self._evaluation(trial)) is not None:
                    yield launch
        yield from sorted(retries, key=lambda one: one.kind is JobTypes.LAUNCH_TRAINING)

    def _evaluation(self, trial: Trial) -> Launch | None:
        newest = trial.newest
        ended = newest.ended
        if (
            trial.is_over
            or ended is None
            or ended.ending is not Ending.OK
            or newest.launch.kind is JobTypes.LAUNCH_EVAL
            or not self.scheduler.is_trained(trial)
        ):
            return None
        return Launch(
            trial.run,
            trial.index,
            attempt=1,
            kind=JobTypes.LAUNCH_EVAL,
            cause=Cause.FIRST,
            reason=f"its training ended well in attempt {newest.launch.attempt}",
            spec=self.ledger.spec.version,
            seed=seed_of(self.ledger.name, trial.index, trial.repeat, "launch_eval.a1"),
            repeat=trial.repeat,
            policy_uri=ended.policy_uri,
        )

    def _new_trials(self, free: int) -> None:
        """What the scheduler adds, one decision at a time: each sees those before it."""
        cap = self.limits.run_cap
        if (
            free > 0
            and isinstance(self.optimizer, Fixing)
            and (cap is None or self.ledger.indexes < cap)
        ):
            for fix in self.optimizer.fixes(self.ledger):
                self._take(fix)
        while True:
            decisions = self.scheduler.schedule(self.ledger, min(max(free, 0), 1), self._suggest)
            for decision in decisions:
                self._take(decision)
            launched = sum(isinstance(decision, Launch) for decision in decisions)
            free -= launched
            if not launched or free < 0:
                return

    def _suggest(self, ledger: Ledger, index: int) -> Suggestion | NotNow | Exhausted:
        cap = self.limits.run_cap
        if cap is not None and index >= cap:
            self.is_exhausted = True
            return Exhausted(f"all {cap} configurations of run_cap were tried")
        answer = self.optimizer.suggest(ledger, index)
        self.is_exhausted = isinstance(answer, Exhausted)
        return answer


def _purpose(launch: Launch, further: int) -> str:
    """What the seed of a later attempt is for."""
    return f"{launch.kind}.a{launch.attempt + further}"
