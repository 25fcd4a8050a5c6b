"""Plays a sweep without jobs: decisions are made, and the test says what the trials report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from janitor.model.jobs import Ending
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Ended, Item, Launch, Reached, Stop, Wait
from janitor.model.trial import Trial
from janitor.sweep.decide import Decided, decide
from janitor.sweep.limits import Limits
from janitor.sweep.ports import Exhausted, Optimizer, Scheduler, Suggestion
from tests.sweep.ledgers import AT, TRAIN, Building

NOW = datetime.fromisoformat(AT)
LIMITS = Limits(metric="loss", first_failures=None, failed_percent=None)


@dataclass(frozen=True)
class Counting:
    """An optimizer with so many configurations, which only counts them."""

    trials: int

    def suggest(self, ledger: Ledger, index: int) -> Suggestion | Exhausted:  # noqa: ARG002 - the port's signature
        if index >= self.trials:
            return Exhausted(f"all {self.trials} configurations have a trial")
        return Suggestion({"x": index}, "the next one")

    def versions(self) -> Mapping[str, str]:
        return {}


@dataclass
class Play:
    """A sweep without jobs."""

    scheduler: Scheduler
    slots: int = 1
    trials: int = 100
    limits: Limits = LIMITS
    building: Building = field(default_factory=Building)
    optimizer: Optimizer | None = None

    @property
    def ledger(self) -> Ledger:
        return self.building.ledger

    def decided(self) -> Decided:
        """What would be decided now; computed twice."""
        limits = replace(self.limits, max_parallel_jobs=self.slots)
        optimizer = self.optimizer or Counting(self.trials)
        found = decide(self.ledger, limits, self.scheduler, optimizer, NOW)
        assert found == decide(self.ledger, limits, self.scheduler, optimizer, NOW)
        return found

    def step(self) -> list[Item]:
        """Decide, and write it down. Looking again adds nothing."""
        found: list[Item] = [one for one in self.decided().decisions if not isinstance(one, Wait)]
        for item in found:
            self.building.add(item)
        assert not self.decided().decisions
        return found

    def launches(self) -> list[tuple[int, float | None, str]]:
        """Decide, and return the launches as (index, budget, cause)."""
        return [
            (one.index, one.budget, one.cause) for one in self.step() if isinstance(one, Launch)
        ]

    def report(self, index: int, resource: float, value: float) -> None:
        """Let a trial report; each milestone gets its first value at or past it."""
        trial = self.trial(index)
        known = {one.rung for one in trial.reached}
        for level in self.scheduler.milestones(trial):
            if level <= resource and level not in known:
                attempt = trial.newest.launch.attempt
                self.building.add(Reached(trial.run, attempt, level, resource, value))

    def end(self, index: int, value: float | None = 0.0, ending: Ending = Ending.OK) -> None:
        """Let the job of a trial end."""
        launch = self.trial(index).newest.launch
        self.building.add(
            Ended(launch.run, launch.attempt, TRAIN, ending, "it ended", objective=value)
        )

    def train(self, index: int, value: float) -> None:
        """Let the job of a trial come to its budget, and end."""
        self.report(index, self.trial(index).newest.launch.budget or math.inf, value)
        self.end(index, value)

    def trial(self, index: int) -> Trial:
        return next(one for one in self.ledger.trials.values() if one.index == index)

    def open(self) -> list[int]:
        """The trials with a job, in the order of their launches."""
        jobs = sorted((job.entry, trial.index) for trial, job in self.ledger.open_jobs())
        return [index for _, index in jobs]

    def stopped(self) -> dict[int, str]:
        """The trials that were stopped, and why."""
        return {
            one.index: one.stop.reason
            for one in self.ledger.trials.values()
            if isinstance(one.stop, Stop)
        }

    def furthest(self) -> list[float]:
        """How far each trial was trained, by the milestones that it reached."""
        return [
            max((one.rung for one in trial.reached), default=0.0)
            for trial in self.ledger.trials.values()
        ]

    def finish(
        self, value: Callable[[int, float], float], dies: Sequence[tuple[int, float]] = ()
    ) -> None:
        """Play to the end: the job that was launched first ends first.

        Args:
            value: What a trial reports, from its index and the resource.
            dies: (index, budget) of the jobs that fail.

        """
        for _ in range(100_000):
            self.step()
            if not self.open():
                assert self.decided().is_done
                return
            index = self.open()[0]
            budget = self.trial(index).newest.launch.budget or 0.0
            if (index, budget) in dies:
                self.end(index, None, Ending.FAILED)
            else:
                self.train(index, value(index, budget))
        raise AssertionError("the sweep does not end")
