"""Optimizers decide what to try. One per file; pure."""

from __future__ import annotations

from janitor.runtime.extras import require
from janitor.sweep.config import SweepConfig
from janitor.sweep.config.scheduler_settings import AcquisitionSection
from janitor.sweep.optimizers.grid import GridSearchOptimizer
from janitor.sweep.optimizers.random_search import RandomOptimizer
from janitor.sweep.ports import Optimizer

__all__ = ["GridSearchOptimizer", "RandomOptimizer", "optimizer_of"]


def optimizer_of(config: SweepConfig) -> Optimizer:
    """The optimizer that a sweep file names.

    Raises:
        UsageError: its library is not installed.

    """
    found, prune = _suggesting(config), config.janitor.prune_unimportant
    if prune is None:
        return found
    require(prune.extra, for_what="prune_unimportant")
    from janitor.sweep.optimizers.importance import FixingOptimizer  # noqa: PLC0415 - an extra

    return FixingOptimizer(
        found,
        config.space,
        prune.after,
        prune.below,
        prune.evaluator,
        config.limits.sign,
        config.janitor.repeats,
        config.janitor.optimizer.seed,
    )


def _suggesting(config: SweepConfig) -> Optimizer:
    space, points, ours = config.space, config.janitor.points, config.janitor.optimizer
    kind = config.optimizer_type
    if kind == "grid":
        return GridSearchOptimizer(space, points)
    if kind == "random":
        return RandomOptimizer(space, points, seed=ours.seed)
    require("sweep", for_what=f"the optimizer {kind}")
    if kind == "gp":
        require("sweep-gp", for_what="the optimizer gp")
    from janitor.sweep.optimizers.model_search import ModelOptimizer  # noqa: PLC0415 - an extra
    from janitor.sweep.optimizers.samplers import SamplerSettings  # noqa: PLC0415 - an extra

    acquisition = config.janitor.scheduler.acquisition or AcquisitionSection()
    settings = SamplerSettings(
        kind,
        ours.n_startup,
        ours.population,
        ours.scramble,
        acquisition.type,
        acquisition.beta,
        is_conditional=any(parameter.when for parameter in space.parameters),
    )
    limits = config.limits
    return ModelOptimizer(
        space, settings, points, ours.seed, limits.goal, limits.objective, ours.failed
    )
