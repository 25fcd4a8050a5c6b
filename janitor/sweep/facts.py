"""What a step learns before it decides: which jobs ended, what they reported, what people did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from janitor.model import RunInfo, SweepRunState
from janitor.model import summary as summaries
from janitor.model.jobs import (
    AttemptView,
    Ending,
    JobHandle,
    JobObservation,
    JobPhase,
    JobStatus,
    JobTypes,
)
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Deleted, Ended, Fact, Overruled, Reached
from janitor.model.summary import ABSENT
from janitor.model.trial import Attempt, Trial
from janitor.sweep.ports import Dispatcher, Scheduler, SweepStore
from janitor.sweep.reaching import Yardstick, number_of, points_in, reached, reached_at_end

_BY_PERSON: Final = {
    SweepRunState.FAILURE: JobStatus.FAILED,
    SweepRunState.CANCELLED: JobStatus.CANCELLED,
    SweepRunState.TIMEOUT: JobStatus.STALE,
    SweepRunState.CRASHED: JobStatus.STALE,
}
"""What a terminal state in a summary means that neither the janitor nor the controller wrote. A
success is not among them: it only says that the attempt ended well."""


@dataclass(slots=True)
class Found:
    """What was found, and which jobs are missing at their backend."""

    facts: list[Fact] = field(default_factory=list)
    absent: list[tuple[Trial, Attempt]] = field(default_factory=list)
    """Launched, but neither claimed nor known to the backend: they are submitted again."""
    unknown: list[str] = field(default_factory=list)
    """A sentence for each job about which the backend says nothing."""
    views: Mapping[str, AttemptView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observer:
    """Looks at the jobs and runs of a sweep. It writes nothing."""

    store: SweepStore
    dispatcher: Dispatcher
    scheduler: Scheduler
    metric: str
    namespace: str = "protein"

    def look(self, ledger: Ledger) -> Found:
        """The facts that the ledger does not have yet, in the order of the trials."""
        runs = self.store.runs([one.run for one in ledger.trials.values() if not one.is_over])
        found = Found()
        jobs = [(trial, job) for trial, job in ledger.open_jobs()]
        handles = {id(job): self._handle(job) for _, job in jobs}
        found.views = self.store.attempts(list(handles.values()))
        states = self.dispatcher.observe(list(handles.values()))
        deleted = self.store.deleted()
        for trial in ledger.trials.values():
            if trial.run in deleted and not trial.is_deleted:
                found.facts.append(Deleted(trial.run))
            elif not trial.is_over:
                found.facts.extend(self._of_people(trial, runs.get(trial.run)))
        for trial, job in jobs:
            if trial.run in deleted:
                continue
            handle = handles[id(job)]
            self._look_at(trial, job, found.views[handle.name], states[handle.name], found)
        return found

    def _handle(self, job: Attempt) -> JobHandle:
        return self.store.handle(job.launch.run, job.launch.attempt, job.launch.kind)

    def _of_people(self, trial: Trial, run: RunInfo | None) -> Iterator[Fact]:
        """A terminal state that neither the janitor nor the controller wrote."""
        if run is None:
            return
        word = summaries.read(run.summary, self.namespace, "state")
        mark = summaries.read(run.summary, self.namespace, "janitor.state")
        if word is ABSENT or word == mark or word not in list(SweepRunState):
            return
        status = _BY_PERSON.get(SweepRunState(word))
        if status is not None:
            yield Overruled(trial.run, status, f"its state was set to {word}, not by the janitor")

    def _look_at(
        self,
        trial: Trial,
        job: Attempt,
        view: AttemptView,
        state: JobObservation,
        found: Found,
    ) -> None:
        """One open job: its reports, and its end."""
        milestones = self.scheduler.milestones(trial)
        is_training = job.launch.kind is JobTypes.LAUNCH_TRAINING
        news: list[Reached] = []
        if milestones and is_training and view.claim is not None:
            news = list(self._reached(trial, job, milestones))
            found.facts.extend(news)
        if view.exit is not None:
            ended = _ended(job, view.exit)
            found.facts.extend(reached_at_end(trial, job, news, ended))
            found.facts.append(ended)
        elif state.phase is JobPhase.ENDED and state.ending is not None:
            found.facts.append(_without_marker(job, state.ending, state))
        elif state.phase is JobPhase.UNKNOWN:
            found.unknown.append(f"{state.name}: {state.reason or 'its backend does not answer'}")
        elif state.phase in {JobPhase.GONE, JobPhase.ENDED}:
            self._gone(trial, job, view, state, found)

    def _gone(
        self,
        trial: Trial,
        job: Attempt,
        view: AttemptView,
        state: JobObservation,
        found: Found,
    ) -> None:
        if view.claim is None:
            if trial.is_over:
                reason = "it was stopped before a worker began it"
                found.facts.append(_end(job, Ending.STOPPED, reason))
            else:
                found.absent.append((trial, job))
        elif (state.gone_for or 0.0) >= self.dispatcher.lost_dwell:
            reason = state.reason or "its process is gone and left no exit marker"
            found.facts.append(_end(job, Ending.LOST, reason, host=str(view.claim.get("host", ""))))

    def _reached(
        self, trial: Trial, job: Attempt, milestones: Sequence[float]
    ) -> Iterator[Reached]:
        """The milestones that a training has reached, as far as the ledger does not know it."""
        yardstick = Yardstick(self.metric, self.scheduler.resource)
        points = 0
        if yardstick.resource is None:
            earlier = (one for one in trial.trainings if one is not job)
            points = sum(
                points_in(self.store.reports(self._handle(one)), self.metric) for one in earlier
            )
        reports = self.store.reports(self._handle(job))
        yield from reached(trial, job, milestones, yardstick.measured(reports, points))


def _ended(job: Attempt, marker: Mapping[str, Any]) -> Ended:
    """The end of an attempt by its exit marker."""
    try:
        ending = Ending(str(marker.get("ending")))
    except ValueError:
        ending = Ending.LOST
    code = marker.get("code")
    return Ended(
        job.launch.run,
        job.launch.attempt,
        job.launch.kind,
        ending,
        str(marker.get("reason") or f"it ended: {ending}"),
        objective=number_of(marker.get("objective")),
        resource=number_of(marker.get("resource")),
        cost=number_of(marker.get("cost")),
        seconds=number_of(marker.get("seconds")),
        host=str(marker.get("host") or ""),
        code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        policy_uri=_text(marker.get("policy_uri")),
    )


def _end(job: Attempt, ending: Ending, reason: str, host: str = "") -> Ended:
    launch = job.launch
    return Ended(launch.run, launch.attempt, launch.kind, ending, reason, host=host)


def _without_marker(job: Attempt, ending: Ending, state: JobObservation) -> Ended:
    """The end of an attempt that only its backend knows. Without a marker nothing is known good."""
    if ending is Ending.OK:
        reason = "its backend says that it ended well, but it left no exit marker"
        return _end(job, Ending.LOST, reason, state.host)
    return _end(job, ending, state.reason or f"its backend says: {ending}", state.host)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
