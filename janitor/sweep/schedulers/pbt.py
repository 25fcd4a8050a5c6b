"""PBTScheduler: population based training.

Source: Jaderberg et al., "Population Based Training of Neural Networks", 2017: members that are
among the worst 20 % copy the weights of one of the best 20 %, drawn uniformly, and explore its
parameters. See ``exploring.py`` for how they change.

Each member has a run of its own in each generation; its index is generation * population + member.
A run starts from the checkpoint of the run that it continues or copies, so a checkpoint is final
when another run needs it, and a retry starts from the same one. Random numbers are hashes of
(sweep, member, generation).

Where the sources differ, or say nothing:

- A generation is complete when every member has ended, or ``timeout`` seconds after it began; then
  those that did not end are stopped. The paper and Ray compare members whenever one is ready.
- ⌈share · members⌉ members are replaced, at most half of them, as in Ray.
- A member that failed, was stopped, or was excluded ranks last, and is always replaced.
- Each launch records its parent and the best and worst of the generation with their scores (Katib
  continued the loser's own checkpoint with the winner's parameters).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from janitor.model.jobs import Cause, JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Decision, Launch, Stop, Wait
from janitor.model.trial import Trial
from janitor.sweep.config.space import Space
from janitor.sweep.ports import Exhausted, Scheduler, Suggest, Suggestion
from janitor.sweep.schedulers.exploring import Explore
from janitor.sweep.schedulers.launches import first_launch
from janitor.sweep.seeds import Numbers

_MOST_LISTED: Final = 10
"""Members of each end of a generation that a launch records."""


@dataclass(frozen=True, slots=True)
class PBTScheduler:
    """Trains a population in generations."""

    space: Space
    population: int
    interval: float
    """The resource of one generation."""
    most: float
    """The resource of a whole training."""
    share: float = 0.2
    """Of the members that copy others, and of those that are copied."""
    resample: float = 0.25
    factors: tuple[float, float] = (0.8, 1.2)
    timeout: float | None = None
    """Seconds."""
    sign: int = -1
    """1 to maximize the metric, -1 to minimize it."""
    metric: str = "the objective"
    resource: str = ""
    """The metric that counts the resource; empty: the step of each report."""

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """Stops of members that are too late; and if a slot is free, one launch."""
        stops = self._late(ledger)
        if stops or free <= 0:
            return [*stops, Wait("every slot is occupied")]
        number = max((self._generation(trial) for trial in ledger.trials.values()), default=0)
        members = self._members(ledger, number)
        if number == 0 and len(members) < self.population:
            answer = suggest(ledger, ledger.indexes)
            if isinstance(answer, Suggestion):
                return [first_launch(ledger, ledger.indexes, answer, budget=self._budget(0))]
            if not isinstance(answer, Exhausted) or not members:
                return [Wait(answer.reason)]
        return [self._further(ledger, number, members)]

    def _further(self, ledger: Ledger, number: int, members: dict[int, Trial]) -> Launch | Wait:
        """The next member of this generation, or of the next one if this one is complete."""
        parents = self._members(ledger, number - 1)
        missing = [one for one in parents if one not in members]
        if missing:
            return self._child(ledger, missing[0], number, parents)
        if any(not trial.is_over or trial.has_slot for trial in members.values()):
            return Wait(f"generation {number} is not complete")
        if self._budget(number) >= self.most:
            return Wait(f"the last of {number + 1} generations is complete", is_last=True)
        if all(_score(trial) is None for trial in members.values()):
            return Wait(f"no member of generation {number} is left to continue", is_last=True)
        return self._child(ledger, next(iter(members)), number + 1, members)

    def slots(self, max_parallel_jobs: int) -> int:
        """How many jobs may be queued or running at once."""
        return max_parallel_jobs

    @property
    def keeps_best(self) -> bool:
        """Only the last value of each generation counts."""
        return False

    def milestones(self, trial: Trial) -> Sequence[float]:  # noqa: ARG002 - the port's signature
        """None: the objective of each run is its last value."""
        return ()

    def is_trained(self, trial: Trial) -> bool:  # noqa: ARG002 - the port's signature
        """Always: each generation is a run of its own."""
        return True

    @property
    def generations(self) -> int:
        """How many there are."""
        return math.ceil(self.most / self.interval)

    def _generation(self, trial: Trial) -> int:
        return trial.index // self.population

    def _budget(self, number: int) -> float:
        return min((number + 1) * self.interval, self.most)

    def _members(self, ledger: Ledger, number: int) -> dict[int, Trial]:
        """The members of a generation, in their order."""
        found = {
            trial.index % self.population: trial
            for trial in ledger.trials.values()
            if self._generation(trial) == number
        }
        return dict(sorted(found.items()))

    def _late(self, ledger: Ledger) -> list[Stop]:
        """Members that did not end in time."""
        if self.timeout is None or not ledger.trials:
            return []
        number = max(self._generation(trial) for trial in ledger.trials.values())
        members = self._members(ledger, number)
        began = min(trial.trainings[0].at for trial in members.values())
        age = (datetime.fromisoformat(ledger.at) - datetime.fromisoformat(began)).total_seconds()
        if age < self.timeout:
            return []
        reason = f"generation {number} began {age:.0f} s ago, and has {self.timeout:g} s"
        return [
            Stop(trial.run, JobStatus.PRUNED, reason)
            for trial in members.values()
            if not trial.is_over
        ]

    # -- the next generation

    def _child(self, ledger: Ledger, member: int, number: int, parents: dict[int, Trial]) -> Launch:
        """The run of a member in a generation, from the members of the one before."""
        ranked = sorted(parents.values(), key=self._rank)
        alive = [trial for trial in ranked if _score(trial) is not None]
        count = min(math.ceil(self.share * len(ranked)), len(ranked) // 2)
        best, worst = alive[: max(count, 1)], ranked[len(ranked) - count :]
        own = parents[member]
        score = _score(own)
        said = "it did not end well" if score is None else f"{self.metric} = {score:.6g}"
        if score is not None and (own not in worst or own in best):
            reason = f"{said} is not in the worst {count} of {len(ranked)}; it goes on"
            params, parent, cause = dict(own.params), own, Cause.PROMOTED
        else:
            numbers = Numbers("pbt", ledger.name, member, number)
            parent = best[int(numbers.next() * len(best))]
            explore = Explore(self.space, numbers, self.resample, self.factors)
            params, cause = explore.changed(parent.params), Cause.EXPLOITED
            what = said if score is None else f"{said} is in the worst {count} of {len(ranked)}"
            reason = f"{what}; it copies {parent.run} with {_score(parent):.6g}"
        memory = {
            "generation": number,
            "member": member,
            "parent": parent.run,
            "best": _listed(best),
            "worst": _listed(worst),
        }
        suggestion = Suggestion(params, reason, {"pbt": memory})
        launch = first_launch(
            ledger, number * self.population + member, suggestion, budget=self._budget(number)
        )
        return replace(launch, cause=cause, resume_from=parent.run)

    def _rank(self, trial: Trial) -> tuple[bool, float, int]:
        score = _score(trial)
        return score is None, 0.0 if score is None else -self.sign * score, trial.index


def _score(trial: Trial) -> float | None:
    """The objective of a member; None if it failed, was stopped, or is hidden."""
    if trial.is_excluded or trial.is_deleted:
        return None
    return trial.objective


def _listed(trials: Sequence[Trial]) -> list[list[Any]]:
    return [[trial.run, _score(trial)] for trial in trials[:_MOST_LISTED]]


_conforms: Callable[..., Scheduler] = PBTScheduler
"""For the type checker."""
