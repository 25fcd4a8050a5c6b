"""Runs a sweep on a virtual clock: the decisions of a real sweep, and trainings from curves.

A step is made whenever something ended or came to a milestone. A job starts at once, and resumes
exactly where the one before it ended. Nothing is written to a disk.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from janitor.model.jobs import Ending, JobStatus, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Ended, Item, Launch, LedgerEntry, SpecAdded, Stop
from janitor.stores.memory_sweeps import MemoryCatalog, MemorySweep
from janitor.sweep.config import SweepConfig
from janitor.sweep.configurations import best_configuration
from janitor.sweep.decide import Decided, decide
from janitor.sweep.ports import Optimizer, Scheduler
from janitor.sweep.seeds import seed_of
from janitor.sweep.simulation.curves import Curves
from janitor.sweep.simulation.training import Training
from janitor.sweep.step import versions

START: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The virtual time of the first entry."""
_EVALUATION: Final = 1.0
"""Seconds that an evaluation takes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a simulated sweep went."""

    seconds: float
    """From its start to the end of its last job."""
    job_hours: float
    """The times of all jobs."""
    gpu_hours: float
    best: float | None
    best_run: str | None
    best_params: Mapping[str, Any]
    trials: int
    stopped: int
    """By the scheduler."""
    failed: int
    why: str
    """Why nothing more was launched."""
    store: MemorySweep
    """The sweep's ledger."""


@dataclass(order=True, slots=True)
class _Event:
    """Facts that become known at a time, if the job was not stopped before."""

    at: float
    number: int
    job: tuple[str, int, JobTypes] = field(compare=False)
    facts: Sequence[Item] = field(compare=False)


class Simulation:
    """One sweep.

    Args:
        config: The sweep file.
        scheduler: Decides when jobs run.
        optimizer: Decides what they try.
        curves: What trainings report.
        seed: Of the curves.

    """

    def __init__(
        self,
        config: SweepConfig,
        scheduler: Scheduler,
        optimizer: Optimizer,
        curves: Curves,
        seed: int = 0,
    ) -> None:
        self._config, self._limits = config, config.limits
        self._scheduler, self._optimizer = scheduler, optimizer
        self._curves, self._seed = curves, seed
        self._seconds = 0.0
        self._events: list[_Event] = []
        self._numbers = 0
        self._started: dict[tuple[str, int, JobTypes], float] = {}
        self._trainings: dict[str, Training] = {}
        self._store = MemoryCatalog(self._now).create(config.name)
        self._ledger = Ledger(config.name)

    def run(self) -> Outcome:
        """Simulate until nothing more happens."""
        config = self._config
        spec = SpecAdded(1, config.digest, config.document, str(config.directory))
        self._append("acts", [spec])
        while True:
            decided = decide(
                self._ledger, self._limits, self._scheduler, self._optimizer, self._now()
            )
            if decided.decisions:
                self._append("decisions", decided.decisions)
                self._act(decided)
            if not self._events:
                return self._outcome(decided)
            self._append("facts", self._next())

    # -- the clock

    def _now(self) -> datetime:
        return START + timedelta(seconds=self._seconds)

    def _next(self) -> list[Item]:
        """What becomes known at the next moment at which something does."""
        self._seconds = self._events[0].at
        facts: list[Item] = []
        while self._events and self._events[0].at <= self._seconds:
            event = heapq.heappop(self._events)
            if event.job in self._started:
                facts += event.facts
            if any(isinstance(fact, Ended) for fact in event.facts):
                self._started.pop(event.job, None)
        return facts

    def _plan(self, at: float, job: tuple[str, int, JobTypes], facts: Sequence[Item]) -> None:
        self._numbers += 1
        heapq.heappush(self._events, _Event(at, self._numbers, job, facts))

    def _append(self, role: Literal["acts", "facts", "decisions"], items: Sequence[Any]) -> None:
        if not items:
            return
        number = self._ledger.number + 1
        known = versions(self._optimizer) if role == "decisions" else {}
        at = self._now().isoformat()
        self._store.append(LedgerEntry(number, str(number), at, role, tuple(items), known))
        self._ledger.add(self._store.entries(number - 1)[0])

    # -- jobs

    def _act(self, decided: Decided) -> None:
        for decision in decided.decisions:
            if isinstance(decision, Launch):
                self._start(decision)
            elif isinstance(decision, Stop):
                self._stop(decision)

    def _start(self, launch: Launch) -> None:
        job = launch.run, launch.attempt, launch.kind
        self._started[job] = self._seconds
        if launch.kind is JobTypes.LAUNCH_EVAL:
            trained = self._trainings[launch.run]
            ended = Ended(
                *job,
                Ending.OK,
                "it ended",
                trained.last,
                cost=_EVALUATION,
                seconds=_EVALUATION,
                metrics=dict(trained.metrics),
            )
            self._plan(self._seconds + _EVALUATION, job, [ended])
            return
        training = self._trainings.get(launch.run)
        trial = self._ledger.trials[launch.run]
        if training is None or training.has_failed:
            seed = seed_of(launch.run, launch.index, launch.repeat, f"curve.{self._seed}")
            curve = self._curves(trial.params, seed)
            resource = self._scheduler.resource
            named = self._limits.objective.named
            training = Training(curve, self._limits.metric, resource, named)
            self._trainings[launch.run] = training
            parent = self._trainings.get(launch.resume_from or "")
            if parent is not None and parent is not training:
                training.begin_at(parent.resource)
        milestones = self._scheduler.milestones(trial)
        for after, facts in training.go_on(trial, trial.newest, milestones):
            self._plan(self._seconds + after, job, facts)

    def _stop(self, stop: Stop) -> None:
        """End the job of a trial at once, and forget what it would have reported."""
        trial = self._ledger.trials[stop.run]
        launch = trial.newest.launch
        job = launch.run, launch.attempt, launch.kind
        begun = self._started.pop(job, None)
        if begun is None:
            return
        took = self._seconds - begun
        again = (stop.run, -launch.attempt, launch.kind)
        self._started[again] = begun
        ended = Ended(*job, Ending.STOPPED, "it was stopped", cost=took, seconds=took)
        self._plan(self._seconds, again, [ended])

    # -- the end

    def _outcome(self, decided: Decided) -> Outcome:
        ledger, limits = self._ledger, self._limits
        best = best_configuration(ledger, limits.sign, limits.repeats)
        jobs = [job for trial in ledger.trials.values() for job in trial.jobs]
        hours = {
            kind: math.fsum(
                job.ended.seconds or 0.0
                for job in jobs
                if job.ended is not None and job.launch.kind is kind
            )
            / 3600
            for kind in JobTypes
        }
        statuses = [end.status for trial in ledger.trials.values() if (end := trial.end)]
        pruned = [stop.status for trial in ledger.trials.values() if (stop := trial.stop)]
        stopping = ledger.stopping
        return Outcome(
            seconds=self._seconds,
            job_hours=sum(hours.values()),
            gpu_hours=hours[JobTypes.LAUNCH_TRAINING] * limits.gpus
            + hours[JobTypes.LAUNCH_EVAL] * limits.evaluation_gpus,
            best=None if best is None else best.objective,
            best_run=None if best is None else best.run,
            best_params={} if best is None else best.params,
            trials=ledger.indexes,
            stopped=sum(status is JobStatus.PRUNED for status in pruned),
            failed=sum(status is not JobStatus.COMPLETED for status in statuses),
            why=stopping.reason if stopping else "; ".join(one.reason for one in decided.waits),
            store=self._store,
        )
