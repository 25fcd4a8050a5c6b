"""WandbHyperbandScheduler: ``early_terminate: {type: hyperband}`` of W&B's sweep files.

Source: the package ``sweeps`` 0.3.0 of W&B, ``hyperband_stopping.py``, which the W&B server and
``wandb sweep-scheduler`` run. It is followed exactly, so that existing files keep their meaning:

- The resource is the number of finite values of the metric that a run has logged, not its step.
- The bands are min_iter·η^k, or max_iter·η^-i for i from 1 to s, rounded down.
- The threshold at a band is the value of rank int(n / η), from 0, among the values that all runs
  had at the band. So more are kept than in Hyperband: 2 of 3 for η = 3.
- A run is stopped if its value at the highest band that it has reached is worse than the threshold
  there; without ``strict``, if even the best value that it has logged so far is worse.

As there, a run is judged again in every step, by all values that are known by then: who is stopped
depends on when a step looks. ASHA in mode ``stop`` has no such dependence.

Launches are those of the parallel scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from janitor.model.jobs import JobStatus, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Decision, Stop
from janitor.model.trial import Trial
from janitor.sweep.ports import Scheduler, Suggest
from janitor.sweep.schedulers.parallel import ParallelScheduler


@dataclass(frozen=True, slots=True)
class WandbHyperbandScheduler:
    """Stops runs as W&B does."""

    bands: tuple[float, ...]
    """Ascending."""
    eta: float = 3
    is_strict: bool = True
    sign: int = -1
    """1 to maximize the metric, -1 to minimize it."""
    metric: str = "the objective"
    launches: ParallelScheduler = field(default_factory=ParallelScheduler)

    @property
    def resource(self) -> None:
        """The number of finite values of the metric."""
        return

    @property
    def keeps_best(self) -> bool:
        """Only the rule that is not strict asks for the best value so far."""
        return not self.is_strict

    def schedule(self, ledger: Ledger, free: int, suggest: Suggest) -> Sequence[Decision]:
        """Stops, and the launches of the parallel scheduler."""
        thresholds = self._thresholds(ledger)
        stops = [
            Stop(trial.run, JobStatus.PRUNED, reason)
            for trial in ledger.visible()
            if _is_running(trial) and (reason := self._why(trial, thresholds)) is not None
        ]
        return [*stops, *self.launches.schedule(ledger, free, suggest)]

    def slots(self, max_parallel_jobs: int) -> int:
        """How many jobs may be queued or running at once."""
        return self.launches.slots(max_parallel_jobs)

    def milestones(self, trial: Trial) -> Sequence[float]:  # noqa: ARG002 - the port's signature
        """The bands."""
        return self.bands

    def is_trained(self, trial: Trial) -> bool:  # noqa: ARG002 - the port's signature
        """Always: there is one training per trial."""
        return True

    def _thresholds(self, ledger: Ledger) -> dict[float, tuple[float, int]]:
        """By band, how bad a value may be, and among how many values."""
        values: dict[float, list[float]] = {}
        for trial in ledger.visible():
            for one in trial.reached:
                values.setdefault(one.rung, []).append(-self.sign * one.value)
        share = 1.0 / self.eta
        return {
            band: (sorted(known)[int(share * len(known))], len(known))
            for band, known in values.items()
        }

    def _why(self, trial: Trial, thresholds: dict[float, tuple[float, int]]) -> str | None:
        """Why a run is stopped; None if it is not."""
        latest = max(trial.reached, key=lambda one: one.rung, default=None)
        if latest is None:
            return None
        value, what = latest.value, ""
        if not self.is_strict and latest.best is not None:
            value, what = latest.best, "at best "
        threshold, count = thresholds[latest.rung]
        if not -self.sign * value > threshold:
            return None
        return (
            f"{self.metric} = {what}{value:.6g} is worse than {-self.sign * threshold:.6g}, the"
            f" threshold of {count} runs at iteration {latest.rung:g} (early_terminate)"
        )


def _is_running(trial: Trial) -> bool:
    return (
        not trial.is_over
        and trial.newest.is_open
        and trial.newest.launch.kind is JobTypes.LAUNCH_TRAINING
    )


_conforms: Callable[..., Scheduler] = WandbHyperbandScheduler
"""For the type checker."""
