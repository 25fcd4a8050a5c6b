"""Optimizers decide what to try. One per file; pure."""

from __future__ import annotations

from janitor.sweep.config import SweepConfig
from janitor.sweep.optimizers.grid import GridSearchOptimizer
from janitor.sweep.optimizers.random_search import RandomOptimizer
from janitor.sweep.ports import Optimizer

__all__ = ["GridSearchOptimizer", "RandomOptimizer", "optimizer_of"]


def optimizer_of(config: SweepConfig) -> Optimizer:
    """The optimizer that a sweep file names."""
    space, points = config.space, config.janitor.points
    if config.optimizer_type == "grid":
        return GridSearchOptimizer(space, points)
    return RandomOptimizer(space, points, seed=config.janitor.optimizer.seed)
