"""Learning curves of simulated trials: from a function, or from a sweep of the past.

A curve is what a training would report, one value or mapping per report:

- a number: the sweep's metric. The resource counts 1, 2, 3 …, and a report takes a second;
- a mapping: metrics by name. ``seconds`` is the time since the report before, in seconds, and the
  key that the scheduler calls its resource is the resource. ``fails: REASON`` ends the training as
  failed. ``lost: REASON`` ends it as lost; if it is tried again, it goes on after that.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from janitor.errors import UsageError
from janitor.model.jobs import Ending
from janitor.model.ledger import Ledger
from janitor.model.wording import quoted
from janitor.sweep.config.space import canonical
from janitor.sweep.ports import SweepStore

SECONDS: Final = "seconds"
_ENDINGS: Final = {"fails": Ending.FAILED, "lost": Ending.LOST}

Curve = Iterable[float | Mapping[str, Any]]
Curves = Callable[[Mapping[str, Any], int], Curve]
"""From a trial's params and a seed to its curve."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One report of a simulated training."""

    metrics: Mapping[str, Any]
    resource: float
    seconds: float
    """Since the report before."""
    ending: Ending | None = None
    reason: str = ""


def ticks_of(curve: Curve, metric: str, resource: str | None) -> Iterator[Tick]:
    """The reports of a curve.

    Raises:
        UsageError: one is neither a number nor a mapping.

    """
    count = 0.0
    for given in curve:
        count += 1
        if isinstance(given, Mapping):
            metrics = dict(given)
        elif isinstance(given, int | float) and not isinstance(given, bool):
            metrics = {metric: float(given)}
        else:
            raise UsageError(
                f"a curve gave {quoted(given)}: give a number, or a mapping of metrics"
            )
        seconds = float(metrics.pop(SECONDS, 1.0))
        count = float(metrics.get(resource, count)) if resource else count
        ends = next((key for key in _ENDINGS if key in metrics), None)
        if ends is None:
            yield Tick(metrics, count, seconds)
            continue
        count -= 1
        yield Tick({}, count, seconds, _ENDINGS[ends], str(metrics[ends]))


def curves_of(name: str, directory: Path) -> Curves:
    """The function ``package.module:function``, found from the sweep file's folder too.

    Raises:
        UsageError: there is none.

    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise UsageError(f"--curves is package.module:function, not {quoted(name)}")
    sys.path.insert(0, str(directory))
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError as error:
        raise UsageError(f"--curves {name}: {error}") from error
    finally:
        sys.path.remove(str(directory))
    if not callable(found):
        raise UsageError(f"--curves {name}: {module} has no function {quoted(attribute)}")
    curves: Curves = found
    return curves


@dataclass(frozen=True, slots=True)
class PastTrial:
    """What one trial of a past sweep reported."""

    run: str
    params: Mapping[str, Any]
    reports: Sequence[Mapping[str, Any]]
    objective: float | None


def past_trials(store: SweepStore, ledger: Ledger, metric: str) -> list[PastTrial]:
    """The visible trials of a sweep that reported something, in the order of their creation."""
    found = []
    for trial in ledger.visible():
        reports: list[Mapping[str, Any]] = []
        objective, ending = None, Ending.OK
        for job in trial.trainings:
            launch = job.launch
            seen = store.reports(store.handle(launch.run, launch.attempt, launch.kind))
            mine = [{"step": each.step, **each.metrics} for each in seen if metric in each.metrics]
            if not mine and job.ended is not None and job.ended.objective is not None:
                mine = [{metric: job.ended.objective}]
            if mine and job.ended is not None and job.ended.seconds is not None:
                each_takes = job.ended.seconds / len(mine)
                mine = [{**each, SECONDS: each_takes} for each in mine]
            reports += mine
            ending = job.ended.ending if job.ended is not None else Ending.LOST
        if ending is Ending.FAILED:
            reports.append({"fails": "it failed in the past sweep"})
        objective = trial.objective
        if reports:
            found.append(PastTrial(trial.run, trial.params, reports, objective))
    return found


def curves_from(past: Sequence[PastTrial]) -> Curves:
    """The curves of past trials by their params."""
    known = {canonical(trial.params): trial.reports for trial in past}

    def curve(params: Mapping[str, Any], seed: int) -> Curve:  # noqa: ARG001 - the same each time
        return known.get(canonical(params), [{"lost": "the past sweep has no such trial"}])

    return curve


def best_of(past: Sequence[PastTrial], sign: int) -> PastTrial | None:
    """The past trial with the best objective."""
    good = [
        trial for trial in past if trial.objective is not None and math.isfinite(trial.objective)
    ]
    return max(good, key=lambda trial: sign * (trial.objective or 0.0), default=None)
