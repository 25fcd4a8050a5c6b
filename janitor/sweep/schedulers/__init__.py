"""Schedulers decide when jobs run. One per file; pure."""

from __future__ import annotations

from janitor.sweep.config import SweepConfig
from janitor.sweep.ports import Scheduler
from janitor.sweep.schedulers.asha import ASHAScheduler
from janitor.sweep.schedulers.hyperband import HyperbandScheduler
from janitor.sweep.schedulers.median import MedianScheduler
from janitor.sweep.schedulers.parallel import ParallelScheduler, SequentialScheduler
from janitor.sweep.schedulers.wandb_hyperband import WandbHyperbandScheduler

__all__ = [
    "ASHAScheduler",
    "HyperbandScheduler",
    "MedianScheduler",
    "ParallelScheduler",
    "SequentialScheduler",
    "WandbHyperbandScheduler",
    "scheduler_of",
]


def scheduler_of(config: SweepConfig) -> Scheduler:
    """The scheduler that a sweep file names."""
    settings, limits = config.janitor.scheduler, config.limits
    if settings.type == "asha":
        return ASHAScheduler(
            settings.rungs[-1],
            settings.least,
            settings.eta,
            settings.mode,
            limits.sign,
            limits.metric,
            settings.resource,
            settings.brackets,
            settings.keep,
        )
    if settings.type == "hyperband":
        return HyperbandScheduler(
            settings.rungs[-1],
            settings.least,
            settings.eta,
            limits.sign,
            limits.metric,
            settings.resource,
        )
    if settings.type == "median":
        return MedianScheduler(
            settings.max or 0.0,
            settings.interval,
            settings.grace_period or 0.0,
            settings.min_trials,
            limits.sign,
            limits.metric,
            settings.resource,
        )
    is_sequential = settings.type == "sequential"
    launches = ParallelScheduler(config.janitor.repeats, is_sequential=is_sequential)
    early = config.early_terminate
    if early is None:
        return launches
    return WandbHyperbandScheduler(
        early.bands, early.eta, early.strict, limits.sign, limits.metric, launches
    )
