"""MedianScheduler: the median stopping rule.

Source: Golovin, Solnik, Moitra, Kochanski, Karro, Sculley, "Google Vizier: A Service for Black-Box
Optimization", KDD 2017, section 3.2.2: a trial is stopped at step s if its best value up to s is
strictly worse than the median of the running averages, up to s, of the other trials.

Trials are compared at multiples of ``interval``. A report is judged once, against those that
precede it in the ledger.

Where the sources differ, or say nothing:

- Vizier looks at completed trials only. Here, as in Ray, every other trial that has come to s
  counts, also one that was stopped; it needs ``min_trials`` of them (Ray: 3, Syne Tune: 5).
- It is a real median; Katib's rule of this name takes the mean.
- Values that are not finite numbers are left out of averages. A curve without a finite value counts
  as the worst, and so does a trial without one.
- No trial is stopped before ``grace`` of the resource.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Decision, Deleted, Excluded, Included, Reached, Stop
from janitor.model.trial import Trial
from janitor.sweep.levels import exact
from janitor.sweep.ports import Scheduler, Suggest
from janitor.sweep.schedulers.parallel import ParallelScheduler
from janitor.sweep.schedulers.progress import is_in_training


@dataclass(slots=True)
class _Curve:
    """What one trial has reported; the smaller the better."""

    total: float = 0.0
    count: int = 0
    best: float = math.inf
    averages: dict[float, float] = field(default_factory=dict)
    """The running average at each comparison."""

    def add(self, level: float, cost: float) -> float:
        """Take in the next value; returns the running average."""
        if math.isfinite(cost):
            self.total, self.count = self.total + cost, self.count + 1
            self.best = min(self.best, cost)
        average = self.total / self.count if self.count else math.inf
        self.averages[level] = average
        return average


@dataclass(slots=True)
class _Curves:
    """The curves of all trials, and at each comparison the averages of those that count, sorted."""

    curves: dict[str, _Curve] = field(default_factory=dict)
    averages: dict[float, list[float]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def hide(self, run: str) -> None:
        """Leave a trial out."""
        if run not in self.hidden:
            self.hidden.add(run)
            for level, average in self._of(run):
                known = self.averages[level]
                del known[bisect_left(known, average)]

    def show(self, run: str) -> None:
        """Take a trial in again."""
        if run in self.hidden:
            self.hidden.remove(run)
            for level, average in self._of(run):
                insort(self.averages.setdefault(level, []), average)

    def _of(self, run: str) -> list[tuple[float, float]]:
        return list(self.curves[run].averages.items()) if run in self.curves else []


@dataclass(frozen=True, slots=True)
class MedianScheduler:
    """Stops trials that are worse than the median of the others."""

    most: float
    """The amount of the resource of a whole training."""
    interval: float = 1
    grace: float = 0
    min_trials: int = 5
    sign: int = -1
    """1 to maximize the metric, -1 to minimize it."""
    metric: str = "the objective"
    resource: str = ""
    """The metric that counts the resource; empty: the step of each report."""
    launches: ParallelScheduler = field(default_factory=ParallelScheduler)

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """Stops, and the launches of the parallel scheduler."""
        stops = [
            Stop(run, JobStatus.PRUNED, reason)
            for run, reason in self.stopped(ledger).items()
            if is_in_training(ledger.trials[run])
        ]
        return [*stops, *self.launches.schedule(ledger, free, suggest)]

    def slots(self, max_parallel_jobs: int) -> int:
        """How many jobs may be queued or running at once."""
        return max_parallel_jobs

    @property
    def keeps_best(self) -> bool:
        """Only values at the comparisons count."""
        return False

    def milestones(self, trial: Trial) -> Sequence[float]:  # noqa: ARG002 - the port's signature
        """The multiples of the interval, up to the whole training."""
        step, most = exact(self.interval), exact(self.most)
        return [float(step * number) for number in range(1, most // step + 1)]

    def is_trained(self, trial: Trial) -> bool:  # noqa: ARG002 - the port's signature
        """Always: there is one training per trial."""
        return True

    def stopped(self, ledger: Ledger) -> dict[str, str]:
        """The trials that do not go on, and why."""
        found: dict[str, str] = {}
        known = _Curves()
        for event in ledger.events:
            match event:
                case Reached() if event.run not in found:
                    curve = known.curves.setdefault(event.run, _Curve())
                    average = curve.add(event.rung, -self.sign * event.value)
                    if event.run in known.hidden:
                        continue
                    others = known.averages.setdefault(event.rung, [])
                    if (why := self._why(event.rung, curve, others)) is not None:
                        found[event.run] = why
                    insort(others, average)
                case Excluded() | Deleted():
                    known.hide(event.run)
                case Included():
                    known.show(event.name)
        return found

    def _why(self, level: float, curve: _Curve, others: Sequence[float]) -> str | None:
        if level < self.grace or len(others) < self.min_trials:
            return None
        middle = (others[(len(others) - 1) // 2] + others[len(others) // 2]) / 2
        if not curve.best > middle:
            return None
        return (
            f"{self.metric} = {-self.sign * curve.best:.6g} at best is worse than"
            f" {-self.sign * middle:.6g}, the median of {len(others)} other trials at"
            f" {self.resource or 'step'} {level:g}"
        )


_conforms: Callable[..., Scheduler] = MedianScheduler
"""For the type checker."""
