"""The metric and the goal that a sweep's own config names, asked for once per sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import yaml

from janitor.model import AUTO, Policy
from janitor.stores.wandb.nodes import Scope


class SweepMetrics:
    """Knows the metrics of sweeps; safe from many threads.

    Args:
        fetch_config: The YAML text of a sweep's config, None if the sweep does not exist.

    """

    def __init__(self, fetch_config: Callable[[Scope, str], str | None]) -> None:
        self._fetch_config = fetch_config
        self._known: dict[tuple[Scope, str], tuple[str | None, str | None]] = {}
        self._lock = Lock()

    def of(self, scope: Scope, sweep: str | None) -> str | None:
        """The name of a sweep's metric; None if its config names none.

        Raises:
            StoreError: the config cannot be read.

        """
        return self._read(scope, sweep)[0]

    def goal(self, scope: Scope, sweep: str | None) -> str | None:
        """``maximize`` or ``minimize``; None if the sweep's config has no metric.

        Raises:
            StoreError: the config cannot be read.

        """
        return self._read(scope, sweep)[1]

    def _read(self, scope: Scope, sweep: str | None) -> tuple[str | None, str | None]:
        if sweep is None:
            return None, None
        with self._lock:
            if (scope, sweep) in self._known:
                return self._known[scope, sweep]
        config = self._fetch_config(scope, sweep)
        found = metric_of(config), goal_of(config)
        with self._lock:
            return self._known.setdefault((scope, sweep), found)


def metric_of(config: str | None) -> str | None:
    """The name of the metric in the YAML text of a sweep's config, if it names one."""
    name = _metric_in(config).get("name")
    return name if isinstance(name, str) and name.strip() else None


def goal_of(config: str | None) -> str | None:
    """The goal of the metric in the YAML text of a sweep's config; W&B minimizes by default."""
    goal = _metric_in(config).get("goal", "minimize")
    if metric_of(config) is None or goal not in ("maximize", "minimize"):
        return None
    return str(goal)


def _metric_in(config: str | None) -> Mapping[Any, Any]:
    try:
        document: Any = yaml.safe_load(config or "")
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    metric = document.get("metric") if isinstance(document, dict) else None
    return metric if isinstance(metric, dict) else {}


def are_asked_for(policy: Policy) -> bool:
    """Whether the policy, for any run, takes the metric of the run's sweep for its objective."""
    if policy.adopt and policy.objective is None:
        return True
    return AUTO in {
        policy.objective,
        *(each.settings.get("objective") for each in policy.overrides),
    }
