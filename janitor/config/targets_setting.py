"""The setting ``targets:``, and a project narrowed to some of its runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from janitor.config.run_filters import canonical_filter
from janitor.config.targets import KINDS, SHAPES, parse_target
from janitor.errors import TargetError
from janitor.model import AnyTarget, Target, TargetKind
from janitor.model.targets import EVERY_RUN
from janitor.model.wording import did_you_mean, either, quoted

INCLUDE_ALL: Final = "all"


def narrowed(target: AnyTarget, *, include: Any = None, by: Any = None) -> AnyTarget:
    """The runs of a project that pass a filter, or all of them; else the target as it is.

    Raises:
        TargetError: the target is not a project, or the filter is malformed.

    """
    if include is None and by is None:
        return target
    name = "include" if by is None else "filter"
    if not isinstance(target, Target) or target.kind is not TargetKind.PROJECT:
        raise TargetError(f"{name} is for a project, not for the {target.kind} {target}")
    if include not in {None, "sweeps", INCLUDE_ALL}:
        raise TargetError(f"include must be all or sweeps, not {quoted(include)}")
    if include is not None and by is not None:
        raise TargetError("a filter finds runs outside of sweeps, too: leave out include")
    if include == "sweeps":
        return target
    text = EVERY_RUN if by is None else canonical_filter(by)
    return Target(TargetKind.FILTER, target.entity, target.project, text)


def parse_targets(value: Any) -> tuple[AnyTarget, ...]:
    """The targets of a ``targets:`` setting, in its order, each once.

    Either a list of one-key mappings (``- sweep: acme/rl/s1``), or one mapping of kinds to a text
    or a list of texts.

    Raises:
        TargetError: the setting has another form, or one of its texts is not a target.

    """
    if isinstance(value, Mapping):
        pairs = [(kind, text) for kind, texts in value.items() for text in _listed(texts)]
        return tuple(dict.fromkeys(_parse_pair(kind, text) for kind, text in pairs))
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(map(_parse_item, value)))
    raise TargetError(f"targets must be a list such as '- sweep: acme/rl/s1', not {quoted(value)}")


def _listed(texts: Any) -> Iterable[Any]:
    return texts if isinstance(texts, list | tuple) else [texts]


def _parse_item(item: Any) -> AnyTarget:
    if isinstance(item, AnyTarget):
        return item
    if isinstance(item, Mapping) and "project" in item:
        more = {key: value for key, value in item.items() if key != "project"}
        if more and more.keys() <= {"include", "filter"}:
            project = _parse_pair("project", item["project"])
            return narrowed(project, include=more.get("include"), by=more.get("filter"))
    if not isinstance(item, Mapping) or len(item) != 1:
        raise TargetError(
            f"each target must be of the form '- sweep: acme/rl/s1', not {quoted(item)}"
        )
    ((kind, text),) = item.items()
    return _parse_pair(kind, text)


def _parse_pair(kind: Any, text: Any) -> AnyTarget:
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS)
        raise TargetError(f"a target is a {either(KINDS)}, not {quoted(kind)}{hint}")
    return parse_target(TargetKind(kind), text)


def _as_mappings(targets: tuple[AnyTarget, ...]) -> list[dict[str, Any]]:
    return [as_mapping(target) for target in targets]


def as_mapping(target: AnyTarget) -> dict[str, Any]:
    """The target as an item of ``targets:``."""
    if not isinstance(target, Target) or target.kind is not TargetKind.FILTER:
        return {target.kind.value: str(target)}
    project = str(replace(target, kind=TargetKind.PROJECT, name=""))
    if target.name == EVERY_RUN:
        return {"project": project, "include": INCLUDE_ALL}
    return {"project": project, "filter": json.loads(target.name)}


_OF_A_PROJECT: dict[str, Any] = {
    "include": {
        "enum": ["sweeps", INCLUDE_ALL],
        "description": "With project: only the runs of its sweeps, or all its runs.",
    },
    "filter": {
        "type": "object",
        "description": "With project: the runs that pass this filter, in W&B's form.",
        "examples": [{"tags": "night"}],
    },
}

_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

Targets = Annotated[
    tuple[AnyTarget, ...],
    BeforeValidator(parse_targets),
    PlainSerializer(_as_mappings, return_type=list[dict[str, Any]], when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            kind.value: {
                                "type": "string",
                                "description": shape,
                                "examples": [example],
                            }
                            for kind, (shape, example) in SHAPES.items()
                        }
                        | _OF_A_PROJECT,
                        "additionalProperties": False,
                        "minProperties": 1,
                    },
                },
                {
                    "type": "object",
                    "properties": dict.fromkeys(KINDS, _TEXTS),
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""The setting ``targets:``."""
