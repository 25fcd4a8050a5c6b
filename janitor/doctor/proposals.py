"""What ``janitor init`` proposes for runs that have no state under the namespace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from janitor.model import Policy, RunInfo, SweepRunState
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT
from janitor.model.vocabulary import meanings_of
from janitor.rules.objective import is_finite
from janitor.stores.wandb import WandbStore

_LOOKED_AT: Final = 20
"""Runs of which the whole summary is read, to find other prefixes and the metric."""


@dataclass(slots=True)
class Proposals:
    """What the summaries of a few runs show."""

    looked_at: int = 0
    namespaces: Counter[str] = field(default_factory=Counter)
    """Prefixes under which a run says one of the known states, by the number of such runs."""
    metrics: Counter[str] = field(default_factory=Counter)
    """Metrics that sweeps name, by the number of runs that have a finite value of it."""

    @property
    def namespace(self) -> str | None:
        """The prefix that most of these runs use."""
        return next((name for name, _ in self.namespaces.most_common(1)), None)


def look_at(runs: Sequence[RunInfo], store: WandbStore, policy: Policy) -> Proposals:
    """Read the whole summaries of some runs without a state."""
    step = max(1, len(runs) // _LOOKED_AT)
    chosen = [run.path for run in runs[::step][:_LOOKED_AT]]
    found = Proposals()
    for run in store.fetch_summaries(chosen).values() if chosen else ():
        if not isinstance(run, RunInfo):
            continue
        found.looked_at += 1
        found.namespaces.update(set(_prefixes(run.summary, policy)))
        metric = run.sweep_metric
        if metric and any(map(is_finite, summaries.findings(run.summary, metric))):
            found.metrics[metric] += 1
    return found


def _prefixes(summary: Mapping[str, Any], policy: Policy) -> Iterator[str]:
    """The prefixes under which a summary has a known state."""
    for key, value in summary.items():
        if key.endswith(".state") and _is_state(value, policy):
            yield key.removesuffix(".state")
        elif isinstance(value, Mapping):
            inside = summaries.get(value, ("state",))
            if inside is not ABSENT and _is_state(inside, policy):
                yield key


def _is_state(value: Any, policy: Policy) -> bool:
    if not isinstance(value, str):
        return False
    return bool(meanings_of(value, policy.vocabulary)) or value in list(SweepRunState)
