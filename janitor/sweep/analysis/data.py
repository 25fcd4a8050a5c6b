"""A sweep as a table: what its ledger says about trials and jobs, with times. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from janitor.model.jobs import JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Complete, Ended, LedgerEntry, Overruled, Stop
from janitor.model.trial import Trial, observation_of, status_in_ledger
from janitor.sweep.config import SweepConfig
from janitor.sweep.config.space import canonical

Outcome = Literal["open", "complete", "pruned", "failed"]


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial."""

    run: str
    index: int
    repeat: int
    params: Mapping[str, Any]
    """Flat: names of nested parameters are dotted."""
    configuration: str
    """Equal for trials with equal params."""
    outcome: Outcome
    status: str
    """In the words of :class:`~janitor.model.jobs.JobStatus`."""
    value: float | None
    """The objective of a complete trial, if it is finite."""
    seconds: float
    """How long its jobs ran, as far as they ended."""
    cost: float
    """What its jobs reported as their cost; without that their seconds."""
    rungs: tuple[tuple[float, float], ...]
    """(milestone, value), in the order in which they became known."""
    started: float
    """Seconds since the epoch: its first launch."""
    ended: float | None
    """When it was over, by the ledger."""
    is_hidden: bool
    """Excluded or deleted."""
    reason: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """One attempt at a trial."""

    run: str
    attempt: int
    is_evaluation: bool
    cause: str
    reason: str
    started: float
    """Seconds since the epoch: its launch, time in a queue included."""
    ended: float | None
    """When the ledger learned of its end; None while it is open."""
    ending: str | None
    ended_because: str
    seconds: float
    host: str
    resume_from: str | None
    """The run whose checkpoint it started from."""


@dataclass(frozen=True, slots=True)
class SweepData:
    """A sweep for analysis. All lists are in the order of creation."""

    name: str
    metric: str
    sign: int
    """1 if high values are good, -1 if low ones are."""
    trials: tuple[TrialRow, ...]
    jobs: tuple[JobRow, ...] = ()
    logs: frozenset[str] = frozenset()
    """The parameters on a logarithmic scale."""
    gpus: int = 0
    """Per training."""
    is_adaptive: bool = False
    """Whether the optimizer learns, so that trials depend on those before."""
    started: float = 0.0
    number: int = 0
    """Of the last entry of the ledger."""
    slots: int = 1

    def complete(self) -> list[TrialRow]:
        """The visible trials with a finite objective, in the order of creation."""
        return [row for row in self.trials if row.value is not None and not row.is_hidden]

    def parameters(self) -> list[str]:
        """The parameters that have more than one value among the visible trials."""
        values: dict[str, set[str]] = {}
        for row in self.trials:
            if not row.is_hidden:
                for name, value in row.params.items():
                    values.setdefault(name, set()).add(repr(value))
        return [name for name, found in values.items() if len(found) > 1]

    def best(self) -> TrialRow | None:
        """The best visible trial; the first of several."""
        return max(self.complete(), key=lambda row: self.sign * (row.value or 0.0), default=None)


def read(ledger: Ledger, entries: Iterable[LedgerEntry], config: SweepConfig) -> SweepData:
    """The table of a sweep.

    Args:
        ledger: The fold of the entries.
        entries: All entries of the ledger, for the times at which things became known.
        config: The newest version of the sweep file.

    """
    jobs_ended, trials_ended = _ends(entries)
    limits = config.limits
    return SweepData(
        name=ledger.name,
        metric=limits.metric or "objective",
        sign=limits.sign,
        trials=tuple(
            _row(trial, trials_ended, evaluates=limits.evaluates)
            for trial in ledger.trials.values()
        ),
        jobs=tuple(_jobs(ledger, jobs_ended)),
        logs=frozenset(
            ".".join(each.path)
            for each in config.space.parameters
            if "log" in each.distribution.kind
        ),
        gpus=limits.gpus,
        is_adaptive=config.optimizer_type not in ("grid", "random", "qmc"),
        started=_seconds(ledger.started_at) if ledger.started_at else 0.0,
        number=ledger.number,
        slots=limits.max_parallel_jobs,
    )


JobKey = tuple[str, int, JobTypes]


def _ends(entries: Iterable[LedgerEntry]) -> tuple[dict[JobKey, float], dict[str, float]]:
    """When each job ended, and when each trial was over."""
    jobs: dict[JobKey, float] = {}
    trials: dict[str, float] = {}
    for entry in entries:
        for item in entry.items:
            if isinstance(item, Ended):
                jobs.setdefault((item.run, item.attempt, item.kind), _seconds(entry.at))
            elif isinstance(item, Complete | Stop | Overruled):
                trials.setdefault(item.run, _seconds(entry.at))
    return jobs, trials


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _row(trial: Trial, ends: Mapping[str, float], *, evaluates: bool) -> TrialRow:
    seen = observation_of(trial)
    is_complete = seen.status == "complete" and seen.value is not None
    value = seen.value if is_complete and math.isfinite(seen.value or 0.0) else None
    seconds = math.fsum(job.ended.seconds or 0.0 for job in trial.jobs if job.ended is not None)
    said = trial.end or trial.overruled or trial.stop
    return TrialRow(
        run=trial.run,
        index=trial.index,
        repeat=trial.repeat,
        params=dict(flat(trial.params)),
        configuration=canonical(trial.params),
        outcome=seen.status,
        status=status_in_ledger(trial, evaluates=evaluates, is_claimed=True).value,
        value=value,
        seconds=seconds,
        cost=seconds if seen.cost is None else seen.cost,
        rungs=seen.values,
        started=_seconds(trial.jobs[0].at),
        ended=ends.get(trial.run),
        is_hidden=trial.is_excluded or trial.is_deleted,
        reason=said.reason if said is not None else trial.newest.launch.reason,
    )


def _jobs(ledger: Ledger, ends: Mapping[JobKey, float]) -> Iterator[JobRow]:
    for trial in ledger.trials.values():
        for job in trial.jobs:
            launch, ended = job.launch, job.ended
            yield JobRow(
                run=trial.run,
                attempt=launch.attempt,
                is_evaluation=launch.kind is JobTypes.LAUNCH_EVAL,
                cause=launch.cause.value,
                reason=launch.reason,
                started=_seconds(job.at),
                ended=ends.get((trial.run, launch.attempt, launch.kind)),
                ending=None if ended is None else ended.ending.value,
                ended_because="" if ended is None else ended.reason,
                seconds=0.0 if ended is None else ended.seconds or 0.0,
                host="" if ended is None else ended.host,
                resume_from=launch.resume_from,
            )


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of params that may be nested."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether all values are finite numbers, with more than four different ones."""
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        try:
            if not math.isfinite(value):
                return False
        except OverflowError:
            return False
    return len(set(values)) > 4
