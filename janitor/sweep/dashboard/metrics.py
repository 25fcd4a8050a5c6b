"""Sweeps as metrics in the Prometheus text format. They describe the sweeps as they are now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from janitor.model.jobs import JobStatus
from janitor.sweep.analysis.progress import stopping
from janitor.sweep.dashboard.view import Snapshot

_PREFIX = "wandb_janitor_sweep"


def metrics_of(shots: Sequence[Snapshot]) -> str:
    """The text. Needs the extra ``metrics``."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry()

    def gauge(name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"{_PREFIX}_{name}", words, ("sweep", *labels), registry=registry)

    trials = gauge("trials", "Trials by status.", "status")
    attempts = gauge("attempts", "Attempts at trials by cause.", "cause")
    busy = gauge("busy_seconds", "Seconds for which ended jobs ran.")
    saved = gauge("saved_gpu_hours", "GPU-hours that early stopping saved, estimated.")
    paused = gauge("paused", "1 while the sweep is paused, by a person or a brake.")
    left = gauge("eta_seconds", "Predicted seconds until the sweep is done, where it is known.")
    best = gauge("best_objective", "The best objective, where there is one.")
    for shot in shots:
        name, data = shot.data.name[:100], shot.data
        found = Counter(row.status for row in data.trials)
        for status in JobStatus:
            trials.labels(name, status.value).set(found[status.value])
        for cause, count in Counter(job.cause for job in data.jobs).items():
            attempts.labels(name, cause).set(count)
        busy.labels(name).set(sum(job.seconds for job in data.jobs))
        stopped = stopping(data)
        saved.labels(name).set(0 if stopped is None else stopped.gpu_hours_saved)
        paused.labels(name).set(shot.ledger.paused is not None)
        if shot.eta.seconds is not None:
            left.labels(name).set(shot.eta.seconds)
        if shot.best is not None and shot.best.value is not None:
            best.labels(name).set(shot.best.value)
    return generate_latest(registry).decode()
