"""Schedulers decide when jobs run. One per file; pure."""

from __future__ import annotations

from typing import Any

from janitor.sweep.config import SweepConfig
from janitor.sweep.ports import Scheduler
from janitor.sweep.schedulers.asha import ASHAScheduler
from janitor.sweep.schedulers.hyperband import HyperbandScheduler
from janitor.sweep.schedulers.median import MedianScheduler
from janitor.sweep.schedulers.parallel import ParallelScheduler, SequentialScheduler
from janitor.sweep.schedulers.pbt import PBTScheduler
from janitor.sweep.schedulers.repeats import RepeatedScheduler
from janitor.sweep.schedulers.wandb_hyperband import WandbHyperbandScheduler

__all__ = [
    "ASHAScheduler",
    "HyperbandScheduler",
    "MedianScheduler",
    "PBTScheduler",
    "ParallelScheduler",
    "RepeatedScheduler",
    "SequentialScheduler",
    "WandbHyperbandScheduler",
    "scheduler_of",
]


def scheduler_of(config: SweepConfig) -> Scheduler:
    """The scheduler that a sweep file names."""
    settings, limits = config.janitor.scheduler, config.limits
    measured: dict[str, Any] = {
        "sign": limits.sign,
        "metric": limits.metric,
        "resource": settings.resource,
    }
    found = _comparing(config, measured)
    if found is None:
        return _without_comparisons(config)
    repeats = config.janitor.repeats
    return found if repeats == 1 else RepeatedScheduler(found, repeats)


def _comparing(config: SweepConfig, measured: dict[str, Any]) -> Scheduler | None:
    """A scheduler that compares trials while they train; None if the file names another one."""
    settings = config.janitor.scheduler
    match settings.type:
        case "asha":
            return ASHAScheduler(
                settings.rungs[-1],
                settings.least,
                settings.eta,
                settings.mode,
                brackets=settings.brackets,
                keep=settings.keep,
                **measured,
            )
        case "hyperband":
            rungs = settings.rungs
            return HyperbandScheduler(rungs[-1], settings.least, settings.eta, **measured)
        case "median":
            return MedianScheduler(
                settings.max or 0.0,
                settings.interval,
                settings.grace_period or 0.0,
                settings.min_trials,
                **measured,
            )
        case "pbt":
            return PBTScheduler(
                config.space,
                settings.population,
                settings.interval,
                settings.max or 0.0,
                settings.share,
                settings.resample,
                settings.factors,
                settings.generation_timeout,
                **measured,
            )
    return None


def _without_comparisons(config: SweepConfig) -> Scheduler:
    """The parallel or the sequential scheduler, with W&B's ``early_terminate`` if it is set."""
    is_sequential = config.janitor.scheduler.type == "sequential"
    early, limits = config.early_terminate, config.limits
    launches = ParallelScheduler(
        config.janitor.repeats,
        is_sequential=is_sequential,
        racing=config.janitor.scheduler.racing,
        sign=limits.sign,
        batch=config.janitor.scheduler.batch,
    )
    if early is None:
        return launches
    return WandbHyperbandScheduler(
        early.bands, early.eta, early.strict, limits.sign, limits.metric, launches
    )
