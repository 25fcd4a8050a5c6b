"""The metric that a sweep's own config names, asked for once a sweep."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import yaml

from janitor.model import AUTO, Policy
from janitor.stores.wandb.nodes import Scope


class SweepMetrics:
    """Knows the metrics of sweeps; safe from many threads.

    Args:
        fetch_config: The YAML text of a sweep's config, None where there is no such sweep.

    """

    def __init__(self, fetch_config: Callable[[Scope, str], str | None]) -> None:
        self._fetch_config = fetch_config
        self._known: dict[tuple[Scope, str], str | None] = {}
        self._lock = Lock()

    def of(self, scope: Scope, sweep: str | None) -> str | None:
        """The name of a sweep's metric; None where its config names none.

        Raises:
            StoreError: the config cannot be read.

        """
        if sweep is None:
            return None
        with self._lock:
            if (scope, sweep) in self._known:
                return self._known[scope, sweep]
        metric = metric_of(self._fetch_config(scope, sweep))
        with self._lock:
            return self._known.setdefault((scope, sweep), metric)


def metric_of(config: str | None) -> str | None:
    """The name of the metric in the YAML text of a sweep's config, if it names one."""
    try:
        document: Any = yaml.safe_load(config or "")
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    metric = document.get("metric") if isinstance(document, dict) else None
    name = metric.get("name") if isinstance(metric, dict) else None
    return name if isinstance(name, str) and name.strip() else None


def are_asked_for(policy: Policy) -> bool:
    """Whether the policy, for any run, takes the metric of the run's sweep for its objective."""
    return AUTO in {
        policy.objective,
        *(each.settings.get("objective") for each in policy.overrides),
    }
