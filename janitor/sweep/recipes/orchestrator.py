"""SweepOrchestratorTool: a sweep from a recipe and a grid, in one call."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from janitor.config import Config
from janitor.model.ledger import Ledger
from janitor.runtime.clock import utc_now
from janitor.sweep.catalogs import DEFAULT, Place, catalog_of
from janitor.sweep.config import SweepConfig
from janitor.sweep.opening import controller_of, start_sweep
from janitor.sweep.recipes.recipe import find
from janitor.sweep.recipes.sweep_file import draft_of
from janitor.sweep.recipes.tool import Tool


class SweepOrchestratorTool(Tool):
    """Builds store, scheduler, optimizer and dispatcher of a sweep, and runs it until it is done.

    It can be killed at any moment: run it again with the same values to continue.
    """

    recipe: str
    """``package.module:name``."""
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    """The values of each parameter, by dotted path; empty for the recipe's own ranges."""
    name: str | None = None
    """The sweep's name; None for that of the recipe."""
    store: str = DEFAULT
    """``file:DIR``, or ``wandb:ENTITY/PROJECT``."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings under ``janitor`` in a sweep file: scheduler, optimizer, max_parallel_jobs, …"""
    every: float = Field(default=60.0, gt=0)
    """Seconds between two steps; a job that ends begins the next one at once."""

    def config(self) -> SweepConfig:
        """The sweep file.

        Raises:
            UsageError: the recipe does not exist.
            ConfigError: a setting cannot be used.

        """
        document = dict(draft_of(find(self.recipe), self.name).document)
        if self.grid:
            document["method"] = "grid"
            document["parameters"] = _parameters(self.grid)
            document.pop("run_cap", None)
        document["janitor"] = {**document["janitor"], **self.settings}
        return SweepConfig.from_document(document, Path.cwd(), document["name"])

    def run(self) -> dict[str, Any]:
        """Run the sweep until it is done. Returns the objective of the best trial, if any.

        Raises:
            UsageError: the recipe or the store cannot be used.
            ConfigError: a setting cannot be used.
            StoreError: the ledger cannot be read or written.

        """
        config, settings = self.config(), Config()
        with contextlib.ExitStack() as stack:
            place = Place.parse(self.store, config.entity, config.project)
            catalog = catalog_of(place, settings, utc_now, stack.callback)
            store, ledger, _ = start_sweep(catalog, config, utc_now)
            controller_of(store, ledger, settings, utc_now).run(self.every)
            ledger = Ledger.of(store.name, store.entries())
            from janitor.sweep.status import status_of  # noqa: PLC0415 - only at the end

            best = status_of(store, ledger, config, utc_now())["best"]
        return {} if best is None else {config.limits.metric: best["objective"]}


def _parameters(grid: Mapping[str, list[Any]]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for name, values in grid.items():
        level, (*above, last) = parameters, name.split(".")
        for key in above:
            level = level.setdefault(key, {"parameters": {}})["parameters"]
        level[last] = {"values": list(values)}
    return parameters
