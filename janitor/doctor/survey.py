"""Looks at a project before the first pass: sweeps, states, how often runs log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from math import ceil

from janitor.doctor.proposals import Proposals, look_at
from janitor.doctor.vocabulary_check import Census, is_untracked
from janitor.errors import StoreError
from janitor.model import AnyTarget, Policy, ResolvedTarget, RunInfo
from janitor.stores.wandb import GraphQLApi, WandbStore
from janitor.stores.wandb.nodes import Scope
from janitor.stores.wandb.probes import fetch_log_times

MOST_SWEEPS = 20
"""Sweeps of a target of which the first page of runs is looked at."""
_MOST_RUNS = 20
"""Runs whose history is read."""
_BATCH = 5
_SAMPLES = 2000
"""Steps of a run's history; of longer ones the server would leave some out."""
_ROOM = 3
"""The suggested timeout is this many times the 99.9th percentile of the gaps."""
_LEAST = timedelta(minutes=30)
_STEPS = tuple(
    timedelta(minutes=minutes) for minutes in (30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440)
)


@dataclass(slots=True)
class Gaps:
    """The times between two log entries of one run, over all runs looked at."""

    seconds: list[float] = field(default_factory=list)
    runs: int = 0
    error: str | None = None
    """Why they could not be read."""

    def add(self, times: Sequence[float]) -> None:
        """Take in when a run logged."""
        if len(times) > 1:
            self.runs += 1
            self.seconds += [later - earlier for earlier, later in pairwise(times)]

    @property
    def usual(self) -> timedelta | None:
        """The 99.9th percentile of the gaps."""
        if not self.seconds:
            return None
        ordered = sorted(self.seconds)
        return timedelta(seconds=ordered[ceil(0.999 * len(ordered)) - 1])

    @property
    def suggested_timeout(self) -> timedelta:
        """How long a run may be silent: three times the usual gap, at least half an hour."""
        wanted = max(_LEAST, (self.usual or timedelta(0)) * _ROOM)
        days = timedelta(days=ceil(wanted / timedelta(days=1)))
        return next((step for step in _STEPS if step >= wanted), days)


@dataclass(frozen=True, slots=True)
class Found:
    """One sweep or group, and how many runs it has."""

    sweep: ResolvedTarget
    runs: int | None
    """None where it was not looked at."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen."""

    targets: tuple[AnyTarget, ...]
    found: tuple[Found, ...]
    census: Census
    gaps: Gaps
    proposals: Proposals

    @property
    def is_sample(self) -> bool:
        """Whether not every run was looked at."""
        total = sum(found.runs or 0 for found in self.found)
        return self.census.runs < total or any(found.runs is None for found in self.found)


def survey(
    door: GraphQLApi, store: WandbStore, policy: Policy, targets: Sequence[AnyTarget]
) -> Survey:
    """Look at the targets.

    Raises:
        StoreError: one of them cannot be read.

    """
    census, found = Census(policy), list[Found]()
    finished: list[RunInfo] = []
    untracked: list[RunInfo] = []
    for target in targets:
        sweeps = store.fetch_sweep_metadata(target)
        for sweep in sweeps[:MOST_SWEEPS]:
            page = store.fetch_runs(sweep.target)
            found.append(Found(sweep, page.run_count))
            finished += [run for run in page.runs if _tells_gaps(run)]
            for run in page.runs:
                census.add(run)
            untracked += [run for run in page.runs if is_untracked(run, policy)]
        found += [Found(sweep, None) for sweep in sweeps[MOST_SWEEPS:]]
    newest = sorted(finished, key=lambda run: str(run.created_at), reverse=True)[:_MOST_RUNS]
    proposals = look_at(untracked, store, policy)
    return Survey(tuple(targets), tuple(found), census, _gaps(door, newest), proposals)


def _tells_gaps(run: RunInfo) -> bool:
    """Whether the run lived to its end, and its history is short enough to be read whole."""
    return run.wandb_state == "finished" and 1 < (run.history_lines or 0) <= _SAMPLES


def _gaps(door: GraphQLApi, runs: Sequence[RunInfo]) -> Gaps:
    gaps = Gaps()
    for scope, names in _batches(runs):
        try:
            for times in fetch_log_times(door, scope, names, _SAMPLES):
                gaps.add(times)
        except StoreError as error:
            gaps.error = str(error)
            return gaps
    return gaps


def _batches(runs: Sequence[RunInfo]) -> Iterator[tuple[Scope, list[str]]]:
    scopes = dict.fromkeys(Scope(run.entity, run.project) for run in runs)
    for scope in scopes:
        names = [run.id for run in runs if Scope(run.entity, run.project) == scope]
        for start in range(0, len(names), _BATCH):
            yield scope, names[start : start + _BATCH]
