"""Aggregate figures of a sweep, computed from its runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from janitor.model import Policy, RunInfo, SweepRunState
from janitor.model.evidence import EARLIEST
from janitor.rules.reading import Reading, read_run


@dataclass(frozen=True, slots=True)
class SweepMetadata:
    """Aggregate figures of a sweep at one moment."""

    runs: int = 0
    """All runs, including those without a state."""
    states: Mapping[SweepRunState, int] = field(default_factory=dict)
    """How many runs have each state; states without runs are omitted."""
    untracked: int = 0
    """Runs without a state, or with one that cannot be read."""
    best: float | None = None
    """The highest objective of a success, or the lowest with ``goal="minimize"``."""
    best_run: str | None = None
    """The path of the run with that objective; the first, if there are several."""

    @property
    def open(self) -> int:
        """Runs that are initializing, running or evaluating."""
        return sum(count for state, count in self.states.items() if state.is_open)

    @property
    def finished(self) -> int:
        """Runs in a terminal state."""
        return sum(count for state, count in self.states.items() if not state.is_open)

    @classmethod
    def of(
        cls, runs: Iterable[RunInfo], policy: Policy | None = None, *, goal: str = "maximize"
    ) -> Self:
        """The figures of these runs.

        Args:
            runs: Each run of the sweep once.
            policy: The namespace, the objective's key and the vocabulary; the defaults without it.
            goal: ``maximize`` or ``minimize``.

        Raises:
            ValueError: the goal is neither of the two.

        """
        if goal not in {"maximize", "minimize"}:
            raise ValueError(f"goal must be maximize or minimize, not {goal!r}")
        policy, sign = policy or Policy(), 1 if goal == "maximize" else -1
        states: Counter[SweepRunState] = Counter()
        total, best, best_run = 0, None, None
        for run in runs:
            total += 1
            # State and objective do not depend on the time at which the run is read.
            reading = read_run(run, policy, EARLIEST)
            if not isinstance(reading, Reading):
                continue
            states[reading.state] += 1
            if reading.state is SweepRunState.SUCCESS and reading.has_objective:
                value = float(reading.objective)
                if best is None or sign * value > sign * best:
                    best, best_run = value, run.path
        return cls(total, dict(states), total - states.total(), best, best_run)
