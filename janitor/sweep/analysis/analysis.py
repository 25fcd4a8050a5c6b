"""All that is known about a sweep, as one value; see the modules beside this one for its parts."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Final

from janitor.sweep.analysis.best import Best, best_configurations
from janitor.sweep.analysis.data import SweepData
from janitor.sweep.analysis.effects import Effect, Interaction, effects, interactions
from janitor.sweep.analysis.failures import Region, failing_regions
from janitor.sweep.analysis.importance import importance_of
from janitor.sweep.analysis.progress import (
    Convergence,
    CostShare,
    Stopping,
    convergence,
    cost_shares,
    stopping,
)

SCHEMA: Final = "janitor.sweep.analysis/1"


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis of one sweep."""

    sweep: str
    metric: str
    goal: str
    is_adaptive: bool
    """Whether trials depend on those before: then p values are a guide only."""
    counts: dict[str, int]
    """Outcome → trials."""
    best: Best
    importance: dict[str, float]
    effects: tuple[Effect, ...]
    interactions: tuple[Interaction, ...]
    failing: tuple[Region, ...]
    stopping: Stopping | None
    cost: tuple[CostShare, ...]
    convergence: Convergence

    def as_json(self) -> dict[str, Any]:
        """The analysis as JSON; numbers that JSON cannot hold are null."""
        return {"schema": SCHEMA, **strict(asdict(self))}


def analyze(data: SweepData) -> Analysis:
    """Analyze a sweep. Needs the extra ``sweep``.

    Args:
        data: From :func:`~janitor.sweep.analysis.data.read`.

    """
    found = effects(data)
    return Analysis(
        sweep=data.name,
        metric=data.metric,
        goal="maximize" if data.sign > 0 else "minimize",
        is_adaptive=data.is_adaptive,
        counts=dict(Counter(row.outcome for row in data.trials)),
        best=best_configurations(data),
        importance=importance_of(data),
        effects=tuple(found),
        interactions=tuple(interactions(data, found)),
        failing=tuple(failing_regions(data)),
        stopping=stopping(data),
        cost=tuple(cost_shares(data)),
        convergence=convergence(data),
    )


def strict(value: Any) -> Any:
    """The value without what strict JSON cannot hold: such numbers are null."""
    if isinstance(value, dict):
        return {name: strict(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [strict(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
