"""Sweeps for the tests of model optimizers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from janitor.model.jobs import Cause, JobStatus, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import (
    Complete,
    Launch,
    LedgerEntry,
    SpecAdded,
)
from janitor.records.sweep import dump_entry, parse_entry
from janitor.sweep.config.space import Space
from janitor.sweep.optimizers.model_search import ModelOptimizer
from janitor.sweep.optimizers.samplers import Kind, SamplerSettings
from janitor.sweep.ports import Suggestion
from janitor.sweep.seeds import run_id
from tests.sweep.ledgers import AT
from tests.sweep.test_optimizers import space_of

SPACE = space_of(
    x={"min": -5.0, "max": 5.0},
    y={"distribution": "log_uniform_values", "min": 0.001, "max": 10.0},
    k={"min": 1, "max": 200},
)
MIXED = space_of(
    kind={"values": ["adam", "sgd"]},
    momentum={"min": 0.0, "max": 1.0, "when": {"kind": "sgd"}},
    x={"min": -5.0, "max": 5.0},
)


def loss(params: Mapping[str, Any]) -> float:
    """A bowl whose minimum is at (1, 0.1, 60)."""
    x, y, k = params["x"], params["y"], params["k"]
    return float((x - 1) ** 2 + (math.log10(y) + 1) ** 2 + ((k - 60) / 50) ** 2)


def mixed_loss(params: Mapping[str, Any]) -> float:
    x, momentum = params["x"], params.get("momentum", 0.3)
    return float((x - 1) ** 2 + (momentum - 0.9) ** 2 + (params["kind"] == "adam"))


@dataclass
class Sweeping:
    """A sweep as its ledger has it, whose entries come back from their text."""

    ledger: Ledger = field(default_factory=lambda: Ledger("s"))

    def __post_init__(self) -> None:
        self.add(SpecAdded(1, "digest", {}))

    def add(self, *items: Any) -> None:
        entry = LedgerEntry(self.ledger.number + 1, "n", AT, "facts", items)
        self.ledger.add(parse_entry(dump_entry(entry).encode()))

    def launch(self, suggestion: Suggestion, index: int) -> str:
        run = run_id("s", index)
        kind, first = JobTypes.LAUNCH_TRAINING, Cause.FIRST
        params, memory = suggestion.params, suggestion.memory
        self.add(Launch(run, index, 1, kind, first, "", 1, 0, params=params, memory=memory))
        return run

    def complete(self, run: str, value: float) -> None:
        self.add(Complete(run, JobStatus.COMPLETED, "", value))


def optimizer(kind: Kind, space: Space = SPACE, **settings: Any) -> ModelOptimizer:
    own = {
        name: settings.pop(name)
        for name in ("failed", "goal", "points", "objective")
        if name in settings
    }
    return ModelOptimizer(space, SamplerSettings(kind, **settings), seed=7, **own)


def suggested(answer: object) -> Suggestion:
    assert isinstance(answer, Suggestion)
    return answer
