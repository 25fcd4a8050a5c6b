"""Schedulers decide when jobs run. One per file; pure."""

from janitor.sweep.schedulers.parallel import ParallelScheduler, SequentialScheduler

__all__ = ["ParallelScheduler", "SequentialScheduler"]
