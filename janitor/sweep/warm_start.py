"""What other sweeps of a store know, for the optimizer of a new one."""

from __future__ import annotations

import math
from collections.abc import Iterator

from janitor.errors import ConfigError, NotFoundError
from janitor.model.jobs import JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Known
from janitor.model.trial import Trial, observation_of
from janitor.model.wording import did_you_mean, quoted
from janitor.sweep.config import SweepConfig
from janitor.sweep.ports import SweepCatalog


def known_elsewhere(catalog: SweepCatalog, config: SweepConfig) -> tuple[Known, ...]:
    """The trials of the sweeps that the file names under ``warm_start``, as they are now.

    Raises:
        ConfigError: one of them does not exist, or has another metric or goal.

    """
    return tuple(
        known
        for name in dict.fromkeys(config.janitor.warm_start)
        for known in _known(catalog, config, name)
    )


def _known(catalog: SweepCatalog, config: SweepConfig, name: str) -> Iterator[Known]:
    ledger = None if name == config.name else _ledger(catalog, name)
    if ledger is None:
        hint = did_you_mean(name, [each for each in catalog.names() if each != config.name])
        raise ConfigError(
            f"janitor.warm_start names {quoted(name)}, which is not another sweep of"
            f" {catalog.location}{hint}"
        )
    if not ledger.specs:
        return
    spec, wanted = ledger.spec, config.limits
    theirs = SweepConfig.from_document(spec.document, spec.directory, name).limits
    if (theirs.metric, theirs.goal) != (wanted.metric, wanted.goal):
        raise ConfigError(
            f"janitor.warm_start names {name}, which wants to {theirs.goal} {theirs.metric}, and"
            f" {config.name} wants to {wanted.goal} {wanted.metric}"
        )
    if theirs.objective != wanted.objective:
        raise ConfigError(
            f"janitor.warm_start names {name}, which has other metrics, another objective or other"
            f" constraints than {config.name}"
        )
    for trial in ledger.visible():
        yield from _of(name, trial)


def _ledger(catalog: SweepCatalog, name: str) -> Ledger | None:
    try:
        return Ledger.of(name, catalog.open(name).entries())
    except NotFoundError:
        return None


def _of(sweep: str, trial: Trial) -> Iterator[Known]:
    """What is known about a trial that is over; nothing if its end says nothing about it."""
    seen = observation_of(trial)
    end = trial.end or trial.overruled
    is_failed = end is not None and end.status is JobStatus.FAILED
    if seen.status == "complete" and (seen.value is None or not math.isfinite(seen.value)):
        return  # a person called it a success
    if seen.status != "open" and (seen.status != "failed" or is_failed):
        yield Known(
            sweep,
            trial.run,
            trial.params,
            seen.status,
            seen.value,
            seen.values,
            seen.objectives,
            seen.constraints,
        )
