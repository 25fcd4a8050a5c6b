"""A recipe's sweep file: ranges from its config, everything else from its sweep section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from janitor.errors import UsageError
from janitor.model.summary import ABSENT
from janitor.sweep.recipes.ranges import SearchField, fields_of
from janitor.sweep.recipes.recipe import Recipe
from janitor.sweep.recipes.sweep_tool import SweepTool

RUN_CAP: Final = 20
"""Trials of a search that has no end of its own, unless the section says another number."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A sweep file that a recipe suggests."""

    document: Mapping[str, Any]
    fields: tuple[SearchField, ...]
    description: str

    def text(self) -> str:
        """The file, with comments. It runs as it is."""
        lines = [f"# {self.description}"] if self.description else []
        for key, value in self.document.items():
            if key == "parameters":
                lines += ["parameters:", *self._parameters()]
            elif key == "janitor":
                lines.append("janitor:")
                lines += [f"  {name}: {flow(inner)}" for name, inner in value.items()]
            else:
                lines.append(f"{key}: {flow(value)}")
        return "\n".join(lines) + "\n"

    def _parameters(self) -> Iterator[str]:
        given = self.document["parameters"]
        shown: tuple[str, ...] = ()
        known = {field.path for field in self.fields}
        for field in self.fields:
            settings = _at(given, field.path)
            above = field.path[:-1]
            if settings is not None:
                for depth in range(len(above)):
                    if shown[: depth + 1] != above[: depth + 1]:
                        yield f"{_indent(depth)}{above[depth]}:"
                        yield f"{_indent(depth)}  parameters:"
                shown = above
            if field.description:
                yield f"{_indent(len(above))}# {' '.join(field.description.split())}"
            default = "" if field.default is ABSENT else f"  # default: {flow(field.default)}"
            if settings is not None:
                yield f"{_indent(len(above))}{field.path[-1]}: {flow(settings)}{default}"
            else:
                yield f"{_indent(len(above))}# {field.name} has no range{default}"
        for name, settings in given.items():
            if not any(path[0] == name for path in known):
                yield f"  {name}: {flow(settings)}"


def draft_of(recipe: Recipe, name: str | None = None) -> Draft:
    """The sweep file of a recipe.

    Raises:
        UsageError: nothing in its config has a range, or a value that it needs has neither range
            nor default.

    """
    section = dict(recipe.section)
    fields = tuple(fields_of(recipe.config, (), recipe.defaults))
    own = section.pop("parameters", {})
    parameters: dict[str, Any] = {}
    for field in fields:
        settings = _own(own, field) or field.settings
        if settings is not None:
            _put(parameters, field.path, settings)
        elif field.default is ABSENT:
            raise UsageError(
                f"{field.name} of {recipe.name} has neither a default nor a range: annotate it,"
                " such as Annotated[float, Range(1e-5, 1e-1, log=True)]"
            )
    if not parameters:
        raise UsageError(
            f"nothing in the config of {recipe.name} has a range: annotate a field, such as"
            " Annotated[float, Range(1e-5, 1e-1, log=True)]"
        )
    ours = dict(section.pop("janitor", {}))
    if needed := SweepTool(recipe).resources:
        ours.setdefault("resources", needed)
    if recipe.has_evaluation:
        ours.setdefault("evaluation", {"recipe": recipe.name})
    document: dict[str, Any] = {
        "name": name or section.pop("name", recipe.short_name),
        "recipe": recipe.name,
        "method": section.pop("method", "random"),
        "metric": section.pop("metric", {"name": "objective", "goal": "minimize"}),
    }
    section.pop("name", None)
    if document["method"] != "grid":
        document["run_cap"] = section.pop("run_cap", RUN_CAP)
    document |= section
    document["parameters"] = parameters
    document["janitor"] = ours or {"max_parallel_jobs": 1}
    return Draft(document, fields, recipe.description)


def flow(value: Any) -> str:
    """A value in one line of YAML. Numbers are numbers in YAML 1.1 too."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1_000_000)
    return text.strip().removesuffix("...").strip()


def _indent(depth: int) -> str:
    return "  " * (1 + 2 * depth)


def _own(parameters: Mapping[str, Any], field: SearchField) -> Any:
    """The parameter in the section, by dotted name or nested."""
    return parameters.get(field.name) or _at(parameters, field.path)


def _at(parameters: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = parameters.get(path[0])
    for key in path[1:]:
        inner = found.get("parameters") if isinstance(found, Mapping) else None
        found = inner.get(key) if isinstance(inner, Mapping) else None
    return found


def _put(parameters: dict[str, Any], path: tuple[str, ...], settings: Mapping[str, Any]) -> None:
    level = parameters
    for key in path[:-1]:
        level = level.setdefault(key, {"parameters": {}})["parameters"]
    level[path[-1]] = dict(settings)
