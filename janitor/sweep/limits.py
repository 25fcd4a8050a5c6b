"""What decisions read of the sweep file: caps, retries, brake and budget. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from janitor.model.jobs import Cause
from janitor.sweep.objectives import Objective


@dataclass(frozen=True, slots=True)
class Limits:
    """The part of a sweep file that decides about launches and ends."""

    max_parallel_jobs: int = 1
    run_cap: int | None = None
    """How many configurations are tried at most."""
    metric: str = ""
    goal: Literal["minimize", "maximize"] = "minimize"
    """Of the metric, and of the objective, which has the direction of the first metric."""
    objective: Objective = field(default_factory=Objective)
    """What the metrics of a trial are worth together."""
    target: float | None = None
    """The objective with which the sweep has reached its goal."""
    evaluates: bool = False
    """Whether a training is followed by an evaluation."""
    repeats: int = 1
    retries: Mapping[Cause, int] = field(default_factory=dict)
    """How many attempts are made for each cause, besides the first."""
    first_failures: int | None = 5
    """So many first trials without one that ended well pause the sweep."""
    failed_percent: float | None = 50
    """A larger share of failed trials pauses the sweep."""
    gpu_hours: float | None = None
    deadline: float | None = None
    """Seconds after the first entry of the ledger."""
    gpus: int = 0
    """Per training."""
    evaluation_gpus: int = 0

    @property
    def sign(self) -> int:
        """1 to maximize, -1 to minimize."""
        return 1 if self.goal == "maximize" else -1
