"""The status of a sweep for people and programs: ``janitor.sweep.status/1``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from statistics import mean, stdev
from typing import Any, Final

from janitor.model import RunInfo
from janitor.model import summary as summaries
from janitor.model.jobs import AttemptView, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.summary import ABSENT
from janitor.model.trial import Trial, status_in_ledger
from janitor.sweep.config import SweepConfig
from janitor.sweep.configurations import Configuration, best_configuration
from janitor.sweep.decide import decide
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.pareto import several
from janitor.sweep.ports import SweepStore
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.step_report import state_of

SCHEMA: Final = "janitor.sweep.status/1"


def status_of(
    store: SweepStore, ledger: Ledger, config: SweepConfig, now: datetime
) -> dict[str, Any]:
    """The status as JSON; see :data:`SCHEMA` in the manual."""
    limits = config.limits
    runs = store.runs()
    handles = [
        store.handle(job.launch.run, job.launch.attempt, job.launch.kind)
        for _, job in ledger.open_jobs()
    ]
    views = store.attempts(handles)
    rows = [
        _row(trial, runs.get(trial.run), views, store, config) for trial in ledger.trials.values()
    ]
    best = best_configuration(ledger, limits.sign, limits.repeats)
    wanted = limits.objective
    eta = eta_of(ledger, config, now)
    expected = expected_trials(config)
    return {
        "schema": SCHEMA,
        "sweep": ledger.name,
        "store": store.location,
        "state": state_of(ledger, is_done=is_done(ledger, config, now)),
        "reason": _reason(ledger),
        "spec_version": ledger.spec.version,
        "metric": limits.metric,
        "goal": limits.goal,
        "trials": rows,
        "best": None if best is None else _best(best),
        **(several(ledger, wanted, limits.repeats) if len(wanted.goals) > 1 else {}),
        **(
            {"fixed": {name: fix.value for name, fix in ledger.fixed.items()}}
            if ledger.fixed
            else {}
        ),
        "counts": dict(Counter(row["status"] for row in rows)),
        "expected_trials": None if expected is None else max(expected, len(rows)),
        "eta_seconds": None if eta is None else round(eta[0], 1),
        "eta_spread_seconds": None if eta is None else round(eta[1], 1),
    }


def _best(best: Configuration) -> dict[str, Any]:
    """The best configuration; with repeats the mean of how many, and its interval."""
    found: dict[str, Any] = {"run": best.run, "params": best.params, "objective": best.objective}
    if best.values:
        found["values"] = best.values
    if best.interval is not None:
        found |= {"repeats": len(best.results), "interval": list(best.interval)}
    return found


def is_done(ledger: Ledger, config: SweepConfig, now: datetime) -> bool:
    """Whether nothing is open, and nothing will come: as a step would say."""
    if ledger.unfinished():
        return False
    scheduler, optimizer = scheduler_of(config), optimizer_of(config)
    return decide(ledger, config.limits, scheduler, optimizer, now).is_done


def expected_trials(config: SweepConfig) -> int | None:
    """How many trials the sweep will have at most; None if there is no limit."""
    if config.janitor.scheduler.type == "pbt":
        return config.janitor.scheduler.population * config.janitor.scheduler.generations
    size = config.space.size
    caps = [cap for cap in (size, config.limits.run_cap) if cap is not None]
    return min(caps) * config.janitor.repeats if caps else None


def eta_of(ledger: Ledger, config: SweepConfig, now: datetime) -> tuple[float, float] | None:
    """Seconds until the sweep is done, and their standard error; None if it is not known."""
    expected = expected_trials(config)
    times = [
        seconds
        for trial in ledger.trials.values()
        if trial.end is not None
        and (seconds := sum(job.ended.seconds or 0 for job in trial.jobs if job.ended)) > 0
    ]
    if expected is None or not times or ledger.paused is not None:
        return None
    slots = 1 if config.janitor.scheduler.type == "sequential" else config.limits.max_parallel_jobs
    running = sum(
        min(mean(times), max(0.0, (now - datetime.fromisoformat(job.at)).total_seconds()))
        for _, job in ledger.open_jobs()
    )
    left = expected - sum(trial.is_over for trial in ledger.trials.values())
    seconds = max(0.0, (left * mean(times) - running) / min(slots, max(left, 1)))
    spread = stdev(times) * math.sqrt(max(left, 0)) / slots if len(times) > 1 else 0.0
    return seconds, spread


def _row(
    trial: Trial,
    run: RunInfo | None,
    views: Mapping[str, AttemptView],
    store: SweepStore,
    config: SweepConfig,
) -> dict[str, Any]:
    launch = trial.newest.launch
    name = store.handle(launch.run, launch.attempt, launch.kind).name
    view = views.get(name)
    is_claimed = view is not None and bool(view.claim is not None or view.damage)
    status = status_in_ledger(trial, evaluates=config.limits.evaluates, is_claimed=is_claimed)
    claim = view.claim if view is not None and view.claim is not None else {}
    ended = trial.newest.ended
    latest = max(trial.reached, key=lambda one: one.rung, default=None)
    return {
        "run": trial.run,
        "index": trial.index,
        "repeat": trial.repeat,
        "status": status.value.upper(),
        "state": _state(run, config.janitor.namespace),
        "params": trial.params,
        "objective": trial.objective,
        "rung": latest.rung if latest is not None else None,
        "value": None if latest is None else _plain(latest.value),
        "cost": _cost(trial),
        "attempt": launch.attempt,
        "kind": "eval" if launch.kind is JobTypes.LAUNCH_EVAL else "train",
        "resource": ended.resource if ended is not None else None,
        "host": str(claim.get("host", "")) or (ended.host if ended is not None else ""),
        "reason": _defect(run, view) or _trial_reason(trial),
        "spec_version": trial.spec,
        "excluded": trial.is_excluded,
        "deleted": trial.is_deleted,
        **_values(trial),
    }


def _values(trial: Trial) -> dict[str, Any]:
    """What a row has besides, in a sweep with several metrics or constraints."""
    end = trial.end
    found: dict[str, Any] = {}
    if end is not None and end.values:
        found["values"] = end.values
    if end is not None and end.constraints:
        found["feasible"] = all(each <= 0 for each in end.constraints)
    return found


def _defect(run: RunInfo | None, view: AttemptView | None) -> str:
    """Which file of the trial cannot be read; empty if there is none."""
    damage = view.damage if view is not None else ""
    return damage or (run.defect if run is not None else None) or ""


def _plain(value: float) -> float | str:
    """A number as strict JSON can hold it."""
    return value if math.isfinite(value) else str(value)


def _state(run: RunInfo | None, namespace: str) -> str | None:
    if run is None:
        return None
    word = summaries.read(run.summary, namespace, "state")
    return None if word is ABSENT else str(word)


def _cost(trial: Trial) -> float | None:
    costs: Sequence[float] = [
        job.ended.cost for job in trial.jobs if job.ended is not None and job.ended.cost is not None
    ]
    return sum(costs) if costs else None


def _trial_reason(trial: Trial) -> str:
    for said in (trial.end, trial.overruled, trial.stop):
        if said is not None:
            return said.reason
    if trial.newest.refusals:
        return f"refused: {trial.newest.refused_because}"
    ended = trial.newest.ended
    return ended.reason if ended is not None else trial.newest.launch.reason


def _reason(ledger: Ledger) -> str | None:
    said = ledger.stopping or ledger.paused
    return None if said is None else said.reason
