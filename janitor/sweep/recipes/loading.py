"""The sweep file of a recipe that is named on the command line."""

from __future__ import annotations

from pathlib import Path

from janitor.errors import ConfigError
from janitor.sweep.config import SweepConfig
from janitor.sweep.config.reading import read_sweep_file
from janitor.sweep.recipes.recipe import find
from janitor.sweep.recipes.sweep_file import draft_of


def config_of_recipe(name: str, path: str | None) -> SweepConfig:
    """The sweep of a recipe; its trials run in the current folder.

    Args:
        name: ``package.module:name``.
        path: A sweep file, which may leave out the recipe; None for the recipe's own.

    Raises:
        UsageError: the recipe does not exist, or has nothing to search.
        ConfigError: the file cannot be used, or is for another recipe.

    """
    recipe = find(name)
    if path is None:
        document = draft_of(recipe).document
        return SweepConfig.from_document(document, Path.cwd(), str(document["name"]))
    source = read_sweep_file(Path(path))
    named = source.values.setdefault("recipe", name)
    if named != name:
        raise ConfigError(f"{path} is the sweep file of the recipe {named}, not of {name}")
    ours = source.values.get("janitor")
    if recipe.has_evaluation and (ours is None or isinstance(ours, dict)):
        source.values["janitor"] = {"evaluation": {"recipe": name}, **(ours or {})}
    if "metric" in recipe.section:
        source.values.setdefault("metric", dict(recipe.section["metric"]))
    return SweepConfig.from_source(source, Path.cwd())
