"""RepeatedScheduler: a scheduler that compares trials, for configurations with several repeats.

The scheduler inside sees each configuration as one trial. Its value at a rung is the mean of its
repeats, known when each of them has come there or is over, if at least half of them came. What is
decided about the configuration is done to all its repeats: the others follow the first one before
anything else is launched. If so many repeats fail that it can have no objective, the others are
stopped.

A configuration is compared only when its last repeat has come to a rung; with fewer slots than
repeats, mode ``stop`` of ASHA and median stopping save little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from janitor.model.jobs import Cause, JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import (
    Complete,
    Decision,
    Deleted,
    Event,
    Excluded,
    Included,
    Launch,
    Overruled,
    Reached,
    Stop,
    Wait,
)
from janitor.model.trial import Trial
from janitor.sweep.configurations import by_index, mean, results
from janitor.sweep.ports import Scheduler, Suggest, Suggestion
from janitor.sweep.schedulers.launches import first_launch, promotion
from janitor.sweep.schedulers.progress import highest, is_in_training, is_waiting
from janitor.sweep.seeds import run_id

_FAILED = frozenset({JobStatus.FAILED, JobStatus.STALE})


@dataclass(slots=True)
class _Group:
    """What is known of one configuration, in the order of the ledger."""

    run: str
    repeats: int
    values: dict[float, dict[str, float]] = field(default_factory=dict)
    """By milestone and run."""
    over: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    known: dict[float, float] = field(default_factory=dict)
    """The mean at each milestone that all repeats have come to."""
    is_lost: bool = False
    is_hidden: bool = False

    def take(self, event: Event) -> Iterator[Event]:
        """What an event of a repeat means for the configuration."""
        match event:
            case Reached():
                self.values.setdefault(event.rung, {}).setdefault(event.run, event.value)
            case Complete() | Overruled():
                self.over.add(event.run)
                if event.status in _FAILED:
                    self.failed.add(event.run)
            case Excluded() | Deleted():
                self.hidden.add(event.run)
            case Included():
                self.hidden.discard(event.name)
        yield from self._news()

    def _news(self) -> Iterator[Event]:
        is_hidden = len(self.hidden) >= self.repeats
        if is_hidden != self.is_hidden:
            self.is_hidden = is_hidden
            yield Excluded(self.run, "") if is_hidden else Included(self.run, "")
        seen = self.repeats - len(self.hidden)
        for rung in sorted(self.values):
            came = self.values[rung]
            if rung in self.known or len(came.keys() | self.over | self.hidden) < self.repeats:
                continue
            counted = [value for run, value in came.items() if run not in self.hidden]
            if counted and 2 * len(counted) >= seen:
                self.known[rung] = mean(counted)
                yield Reached(self.run, 1, rung, rung, self.known[rung])
        lost = len(self.failed - self.hidden)
        if seen and 2 * (seen - lost) < seen and not self.is_lost:
            self.is_lost = True
            yield Complete(self.run, JobStatus.FAILED, "")


@dataclass(frozen=True, slots=True)
class RepeatedScheduler:
    """Lets another scheduler decide about configurations."""

    inner: Scheduler
    repeats: int

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """What the scheduler inside decides, for every repeat."""
        events, groups = self._folded(ledger)
        trials = by_index(ledger.trials.values())
        stops: list[Decision] = [
            Stop(trial.run, JobStatus.PRUNED, self._hopeless(group))
            for index, group in groups.items()
            if group.is_lost
            for trial in trials[index]
            if not trial.is_over
        ]
        if stops:
            return stops
        if free > 0 and (launch := self._following(ledger, trials, groups)) is not None:
            return [launch]
        decisions = self.inner.schedule(self._seen(ledger, events, groups, trials), free, suggest)
        found: list[Decision] = []
        for decision in decisions:
            found += self._done(decision, ledger, trials)
        return found

    def slots(self, max_parallel_jobs: int) -> int:
        """How many jobs may be queued or running at once."""
        return self.inner.slots(max_parallel_jobs)

    @property
    def resource(self) -> str | None:
        """That of the scheduler inside."""
        return self.inner.resource

    @property
    def keeps_best(self) -> bool:
        """That of the scheduler inside."""
        return self.inner.keeps_best

    def milestones(self, trial: Trial) -> Sequence[float]:
        """Those of the configuration."""
        return self.inner.milestones(replace(trial, run=_first_run(trial)))

    def is_trained(self, trial: Trial) -> bool:
        """Whether the repeat's newest training was its last, if it ended well."""
        return self.inner.is_trained(trial)

    # -- what the scheduler inside sees

    def _folded(self, ledger: Ledger) -> tuple[list[Event], dict[int, _Group]]:
        """The events of configurations, and what is known of each."""
        groups = {
            trial.index: _Group(run_id(ledger.name, trial.index), self.repeats)
            for trial in ledger.trials.values()
        }
        events: list[Event] = []
        for event in ledger.events:
            name = event.name if isinstance(event, Included) else event.run
            trial = ledger.trials.get(name)
            if trial is not None:
                events += groups[trial.index].take(event)
        return events, groups

    def _seen(
        self,
        ledger: Ledger,
        events: list[Event],
        groups: dict[int, _Group],
        trials: dict[int, list[Trial]],
    ) -> Ledger:
        """A ledger in which each configuration is one trial."""
        seen = {groups[index].run: self._one(groups[index], each) for index, each in trials.items()}
        unfinished = {
            run: None for run, trial in seen.items() if not trial.is_over or trial.has_slot
        }
        active = {run: None for run in unfinished if not seen[run].is_parked}
        return replace(
            ledger,
            trials=seen,
            events=events,
            _unfinished=unfinished,
            _active=active,
            _parked={run: highest(seen[run]) for run in unfinished if run not in active},
            _own=set(),
        )

    def _one(self, group: _Group, trials: list[Trial]) -> Trial:
        """A configuration as a trial: its repeat that trains, or has come furthest."""
        live = [trial for trial in trials if not trial.is_over or trial.has_slot]
        training = [trial for trial in live if is_in_training(trial)]
        shown = (training or sorted(live, key=highest, reverse=True) or trials)[0]
        values = [
            Reached(group.run, 1, rung, rung, value) for rung, value in sorted(group.known.items())
        ]
        found = replace(
            shown, run=group.run, reached=values, is_excluded=group.is_hidden, is_deleted=False
        )
        if live:
            return found
        good = results(trials)
        if 2 * len(good) >= len(trials) > 0:
            return replace(
                found,
                stop=None,
                overruled=None,
                end=Complete(group.run, JobStatus.COMPLETED, "", mean(good)),
            )
        return found

    # -- what is done to the repeats

    def _following(
        self, ledger: Ledger, trials: dict[int, list[Trial]], groups: dict[int, _Group]
    ) -> Launch | None:
        """The next repeat that follows another one of its configuration."""
        for trial in ledger.unfinished():
            launch = self._lagging(ledger, trial, trials[trial.index])
            if launch is not None:
                return launch
        index = ledger.indexes - 1
        newest = trials.get(index, [])
        is_stopped = any(trial.stop is not None for trial in newest)
        if not newest or len(newest) >= self.repeats or is_stopped or groups[index].is_lost:
            return None
        first = newest[0]
        repeat = 1 + max(trial.repeat for trial in newest)
        began = first.trainings[0].launch
        suggestion = Suggestion(first.params, f"repeat {repeat} of {first.run}")
        return first_launch(
            ledger, index, suggestion, repeat=repeat, budget=began.budget, rung=began.rung
        )

    def _lagging(self, ledger: Ledger, trial: Trial, others: list[Trial]) -> Launch | None:
        """The promotion of a repeat that waits while another one was promoted."""
        if not is_waiting(trial) or self.is_trained(trial):
            return None
        ahead = max(others, key=lambda other: other.trainings[-1].launch.budget or 0.0)
        target = ahead.trainings[-1].launch
        if (target.budget or 0.0) <= (trial.trainings[-1].launch.budget or 0.0):
            return None
        reason = f"it goes on to {target.budget:g} with {ahead.run}, its other repeat"
        return promotion(ledger, trial, target.budget or 0.0, target.rung, reason)

    def _done(
        self, decision: Decision, ledger: Ledger, trials: dict[int, list[Trial]]
    ) -> list[Decision]:
        """A decision about a configuration, done to its repeats."""
        if isinstance(decision, Stop):
            index = ledger.trials[decision.run].index
            return [
                replace(decision, run=trial.run) for trial in trials[index] if not trial.is_over
            ]
        if isinstance(decision, Launch) and decision.cause is Cause.PROMOTED:
            waiting = [trial for trial in trials[decision.index] if is_waiting(trial)]
            if not waiting:
                return [Wait(f"no repeat of {decision.run} waits")]
            return [
                promotion(
                    ledger, waiting[0], decision.budget or 0.0, decision.rung, decision.reason
                )
            ]
        return [decision]

    def _hopeless(self, group: _Group) -> str:
        return (
            f"{len(group.failed)} of {self.repeats} repeats of {group.run} failed, so that it can"
            " have no objective"
        )


def _first_run(trial: Trial) -> str:
    """The run of the first repeat of a trial's configuration."""
    return trial.run.removesuffix(f"-r{trial.repeat}") if trial.repeat else trial.run


_conforms: Callable[..., Scheduler] = RepeatedScheduler
"""For the type checker."""
