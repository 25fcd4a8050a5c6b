"""One simulated training: what it reports, and when, until its budget is used up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from janitor.model.jobs import Ending, Report
from janitor.model.ledger_items import Ended, Item, Reached
from janitor.model.trial import Attempt, Trial
from janitor.sweep.reaching import Yardstick, is_point, number_of, numbers_of, reached_at_end
from janitor.sweep.simulation.curves import Curve, ticks_of


class Training:
    """The training of one trial, over all its attempts.

    Args:
        curve: What it reports.
        metric: The objective.
        resource: As in :class:`~janitor.sweep.ports.Scheduler`.
        named: Further metrics whose last values count.

    """

    def __init__(
        self, curve: Curve, metric: str, resource: str | None, named: Sequence[str] = ()
    ) -> None:
        self._ticks = ticks_of(curve, metric, resource)
        self._yardstick = Yardstick(metric, resource)
        self._metric = metric
        self._points = 0
        self._resource = 0.0
        self.last: float | None = None
        """The newest value of the metric."""
        self.has_failed = False
        self._named = named
        self.metrics: dict[str, float] = {}
        """The newest values of the further metrics."""

    @property
    def resource(self) -> float:
        """How far it came."""
        return self._resource

    def begin_at(self, resource: float) -> None:
        """Begin where another trial's checkpoint is, without training up to there."""
        while self._resource < resource and (tick := next(self._ticks, None)) is not None:
            self._resource = tick.resource

    def go_on(
        self, trial: Trial, job: Attempt, milestones: Sequence[float]
    ) -> Iterator[tuple[float, Sequence[Item]]]:
        """(seconds after the start of the job, facts) until the job ends."""
        after, budget = 0.0, job.launch.budget
        ending, reason = Ending.OK, "it ended"
        missing = [each for each in milestones if each not in {one.rung for one in trial.reached}]
        found: list[Reached] = []
        while budget is None or self._resource < budget:
            tick = next(self._ticks, None)
            if tick is None:
                break
            after += tick.seconds
            self._resource = tick.resource
            if tick.ending is not None:
                ending, reason = tick.ending, tick.reason
                self.has_failed = ending is Ending.FAILED
                break
            report = Report(tick.resource, tick.metrics)
            new: list[Reached] = []
            for resource, value in self._yardstick.measured([report], self._points):
                while missing and resource >= missing[0]:
                    rung = missing.pop(0)
                    new.append(Reached(trial.run, job.launch.attempt, rung, resource, value))
            self.metrics |= numbers_of(tick.metrics, self._named)
            given = tick.metrics.get(self._metric)
            self._points += is_point(given)
            self.last = number_of(given) if self._metric in tick.metrics else self.last
            if new:
                found += new
                yield after, new
        launch = job.launch
        ended = Ended(
            launch.run,
            launch.attempt,
            launch.kind,
            ending,
            reason,
            self.last if ending is Ending.OK else None,
            self._resource,
            cost=after,
            seconds=after,
            metrics=dict(self.metrics),
        )
        yield after, [*reached_at_end(trial, job, found, ended), ended]
