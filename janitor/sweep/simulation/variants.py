"""The sweeps that a simulation compares: each scheduler with each optimizer and each seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from janitor.errors import UsageError
from janitor.model.ledger import Ledger
from janitor.model.wording import quoted
from janitor.sweep.config import SweepConfig
from janitor.sweep.config.space import canonical
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.optimizers.tried import Tried
from janitor.sweep.ports import Exhausted, Suggestion
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.simulation.curves import Curves, PastTrial, best_of, curves_from
from janitor.sweep.simulation.simulate import Outcome, Simulation


@dataclass(frozen=True, slots=True)
class Variant:
    """One sweep to simulate."""

    scheduler: str
    optimizer: str
    seed: int
    config: SweepConfig


def variants_of(
    config: SweepConfig,
    *,
    schedulers: Sequence[str] = (),
    optimizers: Sequence[str] = (),
    seeds: int = 1,
    trials: int | None = None,
) -> Iterator[Variant]:
    """Each combination.

    Args:
        config: The sweep file.
        schedulers: Types, or settings such as ``{type: asha, max: 27}``; empty: that of the file.
        optimizers: The same.
        seeds: How many seeds, from that of the file on.
        trials: A ``run_cap`` that replaces the file's.

    Raises:
        UsageError: settings are not of this form.
        ConfigError: settings cannot be used.

    """
    for scheduler in schedulers or [""]:
        for optimizer in optimizers or [""]:
            for seed in range(seeds):
                made = _changed(config, scheduler, optimizer, seed, trials)
                kind = made.janitor.scheduler.type
                mode = f" {made.janitor.scheduler.mode}" if kind == "asha" else ""
                yield Variant(f"{kind}{mode}", made.optimizer_type, seed, made)


def _changed(
    config: SweepConfig, scheduler: str, optimizer: str, seed: int, trials: int | None
) -> SweepConfig:
    document = dict(config.document)
    ours = dict(document.get("janitor") or {})
    if scheduler:
        ours["scheduler"] = _settings(scheduler, "--scheduler")
    chosen = _settings(optimizer, "--optimizer") if optimizer else dict(ours.get("optimizer") or {})
    ours["optimizer"] = {**chosen, "seed": int(chosen.get("seed", 0)) + seed}
    document["janitor"] = ours
    if trials is not None:
        document["run_cap"] = trials
    return SweepConfig.from_document(document, config.directory, config.name)


def _settings(text: str, option: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = None
    if isinstance(found, str):
        return {"type": found}
    if not isinstance(found, Mapping):
        raise UsageError(
            f"{option} is a type or settings such as '{{type: asha, max: 27}}', not {quoted(text)}"
        )
    return dict(found)


def simulated(variant: Variant, curves: Curves) -> Outcome:
    """How this sweep would go.

    Raises:
        UsageError: it would never end.

    """
    config = variant.config
    limits = config.limits
    is_endless = limits.run_cap is None and config.space.size is None
    if is_endless and limits.deadline is None and limits.gpu_hours is None:
        raise UsageError("the sweep would never end: set run_cap in the file, or use --trials")
    made = Simulation(config, scheduler_of(config), optimizer_of(config), curves, variant.seed)
    return made.run()


# -- a sweep of the past, with another scheduler


@dataclass(slots=True)
class PastOptimizer:
    """Suggests the configurations of a past sweep, in their order."""

    past: Sequence[PastTrial]
    tried: Tried

    def suggest(self, ledger: Ledger, index: int) -> Suggestion | Exhausted:  # noqa: ARG002 - the port's signature
        """The first one that no trial has."""
        known = self.tried.of(ledger)
        for trial in self.past:
            if canonical(trial.params) not in known:
                return Suggestion(trial.params, f"as {trial.run} of the past sweep")
        return Exhausted(f"all {len(self.past)} trials of the past sweep were simulated")

    def versions(self) -> Mapping[str, str]:
        """None: this is plain Python."""
        return {}


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a scheduler would have done to a past sweep."""

    outcome: Outcome
    past_hours: float
    """Job-hours of the same trials without a scheduler."""
    winner: PastTrial | None
    """The best trial of the past sweep."""
    stopped_winner: str | None
    """Why the scheduler would have stopped it; None if it would not."""


def backtest(variant: Variant, past: Sequence[PastTrial]) -> Backtest:
    """Simulate a past sweep with the scheduler of a sweep file."""
    config, curves = variant.config, curves_from(past)
    optimizer = PastOptimizer(past, Tried())
    made = Simulation(config, scheduler_of(config), optimizer, curves, variant.seed)
    outcome = made.run()
    winner = best_of(past, config.limits.sign)
    stopped = None
    if winner is not None:
        ledger = Ledger.of(config.name, outcome.store.entries())
        same = canonical(winner.params)
        stopped = next(
            (
                trial.stop.reason
                for trial in ledger.trials.values()
                if trial.stop is not None and canonical(trial.params) == same
            ),
            None,
        )
    hours = sum(float(each.get("seconds", 1.0)) for trial in past for each in trial.reports) / 3600
    return Backtest(outcome, hours, winner, stopped)
