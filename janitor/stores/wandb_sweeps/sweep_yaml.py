"""The W&B sweep of a sweep file: what W&B's pages show, and nothing that a server would act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

_SHOWN: Final = ("program", "command", "metric", "description")
_NOT_WANDB: Final = frozenset({"when"})
"""What the janitor adds to parameters."""


def sweep_yaml(document: Mapping[str, Any], name: str) -> str:
    """The YAML of the W&B sweep.

    ``method: custom`` and the local controller keep the server from suggesting runs; without
    ``early_terminate`` and ``run_cap`` it neither stops nor counts them.
    """
    config = {key: document[key] for key in _SHOWN if document.get(key) is not None}
    if (metrics := document.get("metrics")) and "metric" not in config:
        config["metric"] = metrics[0]  # W&B shows one
    config |= {"name": name, "method": "custom", "controller": {"type": "local"}}
    parameters = document.get("parameters")
    config["parameters"] = _plain(parameters) if isinstance(parameters, Mapping) else {}
    return yaml.safe_dump(config, sort_keys=False)


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without what W&B does not know."""
    found: dict[str, Any] = {}
    for name, settings in parameters.items():
        if not isinstance(settings, Mapping):
            found[str(name)] = {"value": settings}
            continue
        kept = {key: value for key, value in settings.items() if key not in _NOT_WANDB}
        if isinstance(kept.get("parameters"), Mapping):
            kept["parameters"] = _plain(kept["parameters"])
        found[str(name)] = kept
    return found
