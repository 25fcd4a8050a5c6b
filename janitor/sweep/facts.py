"""What a step learns before it decides: which jobs ended, what they reported, what people did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from janitor.errors import StateFileError
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
from janitor.sweep.elsewhere import look_elsewhere
from janitor.sweep.ports import Dispatcher, Scheduler, SweepStore
from janitor.sweep.reaching import (
    Yardstick,
    number_of,
    numbers_of,
    points_in,
    reached,
    reached_at_end,
    with_best,
)

_BY_PERSON: Final = {
    SweepRunState.FAILURE: JobStatus.FAILED,
    SweepRunState.CANCELLED: JobStatus.CANCELLED,
    SweepRunState.TIMEOUT: JobStatus.STALE,
    SweepRunState.CRASHED: JobStatus.STALE,
}
"""What a terminal state in a summary means that neither the janitor nor the controller wrote. A
success of an attempt that trains, or has ended well, is not among them: the attempt tells more."""

_OVER: Final = frozenset({JobPhase.GONE, JobPhase.ENDED})


@dataclass(slots=True)
class Found:
    """What was found, and which jobs are missing at their backend."""

    facts: list[Fact] = field(default_factory=list)
    absent: list[tuple[Trial, Attempt]] = field(default_factory=list)
    """Launched, but neither claimed nor known to the backend: they are submitted again."""
    unknown: list[str] = field(default_factory=list)
    """A sentence for each job about which the backend says nothing, or whose files are damaged."""
    held: Collection[str] = ()
    """The runs whose files are damaged: nothing is learned about them, and no job is started."""
    views: Mapping[str, AttemptView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one job. Its folder is read before and after its backend is asked."""

    before: AttemptView
    later: AttemptView
    """The same as before, unless the backend says that it is over."""
    state: JobObservation


@dataclass(frozen=True, slots=True)
class Observer:
    """Looks at the jobs and runs of a sweep. It writes nothing."""

    store: SweepStore
    dispatcher: Dispatcher
    scheduler: Scheduler
    metric: str
    sign: int = -1
    """1 if high values of the metric are good, -1 if low ones are."""
    namespace: str = "protein"
    named: tuple[str, ...] = ()
    """Further metrics whose last values are facts: objectives and constraints."""

    def look(self, ledger: Ledger) -> Found:
        """The facts that the ledger does not have yet, in the order of the trials."""
        runs = self.store.runs([one.run for one in ledger.trials.values() if not one.is_over])
        found = Found(held={run.id for run in runs.values() if run.defect is not None})
        found.unknown += [
            f"{run.id} is held: {run.defect}" for run in runs.values() if run.defect is not None
        ]
        jobs = [each for each in ledger.open_jobs() if self.store.is_here(each[1].site)]
        handles = {id(job): self._handle(job) for _, job in jobs}
        found.views = self.store.attempts(list(handles.values()))
        states = self.dispatcher.observe(list(handles.values()))
        # What ended after the first look at its folder has an exit marker in the second one.
        over = [each for each in handles.values() if states[each.name].phase in _OVER]
        later = self.store.attempts(over)
        deleted = self.store.deleted()
        for trial in ledger.trials.values():
            if trial.run in deleted and not trial.is_deleted:
                found.facts.append(Deleted(trial.run))
            elif not trial.is_over:
                found.facts.extend(self._of_people(trial, runs.get(trial.run), found.views))
        for trial, job in jobs:
            if trial.run in deleted or trial.run in found.held:
                continue
            name = handles[id(job)].name
            seen = Seen(found.views[name], later.get(name, found.views[name]), states[name])
            self._look_at(trial, job, seen, found)
        for trial, job in ledger.open_jobs():
            if trial.run not in deleted and not self.store.is_here(job.site):
                look_elsewhere(
                    job, runs.get(trial.run), (self.metric, *self.named), found.facts, found.unknown
                )
        return found

    def _handle(self, job: Attempt) -> JobHandle:
        return self.store.handle(job.launch.run, job.launch.attempt, job.launch.kind)

    def _of_people(
        self, trial: Trial, run: RunInfo | None, views: Mapping[str, AttemptView]
    ) -> Iterator[Fact]:
        """A terminal state that neither the janitor nor the controller wrote."""
        if run is None or run.defect is not None:
            return
        word = summaries.read(run.summary, self.namespace, "state")
        mark = summaries.read(run.summary, self.namespace, "janitor.state")
        if word is ABSENT or word == mark or word not in list(SweepRunState):
            return
        status, objective = _BY_PERSON.get(SweepRunState(word)), None
        if word == SweepRunState.SUCCESS and self._is_idle(trial, views):
            status = JobStatus.COMPLETED
            objective = number_of(summaries.read(run.summary, self.namespace, "objective"))
        if status is not None:
            reason = f"its state was set to {word}, not by the janitor"
            yield Overruled(trial.run, status, reason, objective)

    def _is_idle(self, trial: Trial, views: Mapping[str, AttemptView]) -> bool:
        """Whether no worker has its newest attempt, and it did not end well."""
        ended = trial.newest.ended
        if ended is not None:
            return ended.ending is not Ending.OK
        view = views.get(self._handle(trial.newest).name)  # None: its folder is elsewhere
        return view is not None and view.claim is None and not view.damage

    def _look_at(self, trial: Trial, job: Attempt, seen: Seen, found: Found) -> None:
        """One open job: its reports, and its end."""
        view, state = seen.later, seen.state
        milestones = self.scheduler.milestones(trial)
        is_training = job.launch.kind is JobTypes.LAUNCH_TRAINING
        news: list[Reached] = []
        try:
            if view.damage:
                raise StateFileError(view.damage)  # noqa: TRY301 - as what cannot be read now
            if milestones and is_training and view.claim is not None:
                news = self._reached(trial, job, milestones)
        except StateFileError as error:
            found.unknown.append(f"{state.name} is held: {error}")
            return
        found.facts.extend(news)
        if view.exit is not None:
            ended = ended_of(job, view.exit, self.named)
            found.facts.extend(reached_at_end(trial, job, news, ended))
            found.facts.append(ended)
        elif state.phase is JobPhase.ENDED and state.ending is not None:
            found.facts.append(_without_marker(job, state.ending, state))
        elif state.phase is JobPhase.UNKNOWN:
            found.unknown.append(f"{state.name}: {state.reason or 'its backend does not answer'}")
        elif state.phase in _OVER:
            self._gone(trial, job, seen, found)

    def _gone(self, trial: Trial, job: Attempt, seen: Seen, found: Found) -> None:
        claim, state = seen.before.claim, seen.state
        if claim is None and seen.later.claim is not None:
            return  # a worker began it during this look
        if claim is None:
            if trial.is_over:
                reason = "it was stopped before a worker began it"
                found.facts.append(_end(job, Ending.STOPPED, reason))
            else:
                found.absent.append((trial, job))
        elif (state.gone_for or 0.0) >= self.dispatcher.lost_dwell:
            reason = state.reason or "its process is gone and left no exit marker"
            found.facts.append(_end(job, Ending.LOST, reason, host=str(claim.get("host", ""))))

    def _reached(self, trial: Trial, job: Attempt, milestones: Sequence[float]) -> list[Reached]:
        """The milestones that a training has reached, as far as the ledger does not know it."""
        yardstick = Yardstick(self.metric, self.scheduler.resource)
        points = 0
        if yardstick.resource is None:
            earlier = (one for one in trial.trainings if one is not job)
            points = sum(
                points_in(self.store.reports(self._handle(one)), self.metric) for one in earlier
            )
        reports = self.store.reports(self._handle(job))
        measured = list(yardstick.measured(reports, points))
        found = list(reached(trial, job, milestones, measured))
        if self.scheduler.keeps_best:
            found = with_best(trial, found, measured, self.sign)
        return found


def ended_of(job: Attempt, marker: Mapping[str, Any], named: Iterable[str] = ()) -> Ended:
    """The end of an attempt by its exit marker, with the last values of the metrics named."""
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
        metrics=numbers_of(marker.get("summary"), named),
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
