"""What the exit marker of an attempt holds."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from janitor.lifecycle.trial.collect import last_step
from janitor.lifecycle.trial.files import plain, read_json


def exit_document(
    job: Mapping[str, Any],
    folder: Path,
    ending: tuple[str, str],
    *,
    started_at: str,
    code: int | None = None,
    summary: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The exit marker of a job that ends now, without its duration and cost.

    Args:
        job: The fields of :class:`janitor.model.jobs.JobDefinition`, as JSON.
        folder: The attempt's folder.
        ending: How the job ended, and a sentence.
        started_at: The start in ISO 8601, UTC.
        code: The exit code of the command, if it was started.
        summary: The last value of each metric.

    """
    values = summary or {}
    policy = read_json(folder / "policy.json") or {}
    return {
        "run": job["run"],
        "attempt": job["attempt"],
        "kind": job["kind"],
        "nonce": job.get("nonce", ""),
        "ending": ending[0],
        "reason": ending[1],
        "code": code,
        "objective": plain(_objective(job, values)),
        "resource": plain(values.get(job.get("step") or "", last_step(folder))),
        "cost": None,
        "summary": {name: plain(value) for name, value in values.items()},
        "started_at": started_at,
        "ended_at": iso_now(),
        "seconds": 0.0,
        "host": socket.gethostname(),
        "policy_uri": policy.get("uri"),
    }


def cost_of(summary: Mapping[str, Any], seconds: float, gpus: int) -> float:
    """The cost that the job reported, or the seconds of its GPUs; without any, its seconds."""
    reported = summary.get("cost")
    return (
        float(reported) if isinstance(reported, int | float) else round(seconds * max(1, gpus), 3)
    )


def iso_now() -> str:
    """The time in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()


def _objective(job: Mapping[str, Any], summary: Mapping[str, Any]) -> Any:
    """The last value of the metric; without one, what the manager of the run's state got."""
    found = summary.get(job.get("metric") or "")
    namespace = job.get("namespace") or "protein"
    return summary.get(f"{namespace}.objective") if found is None else found
