"""Turns what pydantic refuses into one sentence that names the setting and what may stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from janitor.model.wording import did_you_mean, either, quoted
from janitor.rules import RULE_IDS


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a layer's value."""

    path: str
    """The setting's place, dotted; empty for the whole."""
    problem: str
    """What goes after the setting's name."""


def first_complaint(error: ValidationError, model: type[BaseModel]) -> Complaint:  # noqa: PLR0911 - one a kind of error
    """The first thing wrong; keys that do not exist go first, since they explain the others."""
    found = error.errors(include_url=False)
    chosen = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    location = chosen["loc"]
    match chosen["type"]:
        case "extra_forbidden":
            return _unknown_key(model, location)
        case "value_error":
            return Complaint(_dotted(location), str(chosen["ctx"]["error"]))
        case "model_type":
            shown = quoted(chosen["input"])
            return Complaint(_dotted(location), f"must be a mapping of settings, not {shown}")
        case "missing":
            return Complaint(_dotted(location), "is missing")
        case "tuple_type":
            return Complaint(_dotted(location), f"must be a list, not {quoted(chosen['input'])}")
        case "invalid_key":
            key = quoted(location[-1])
            return Complaint(_dotted(location[:-1]), f"has the key {key}, which is no text")
        case _:
            said = chosen["msg"]
            return Complaint(_dotted(location), f"cannot be {quoted(chosen['input'])}: {said}")


def _unknown_key(model: type[BaseModel], location: Sequence[int | str]) -> Complaint:
    *sections, key = location
    section = _dotted(sections)
    if section == "rules" and key in RULE_IDS:
        return Complaint(f"rules.{key}", "is a rule without options")
    known = _keys(_section(model, sections))
    hint = did_you_mean(key, known)
    if not hint and section:
        hint = f"; it has {either(known)}" if known else ""
    return Complaint(section, f"has no setting {quoted(key)}{hint}")


def _section(model: type[BaseModel], sections: Sequence[int | str]) -> type[BaseModel]:
    """The model of a section."""
    for name in sections:
        for field_name, field in model.model_fields.items():
            if name in (field.alias, field_name):
                model = _model_of(field.annotation)
                break
    return model


def _model_of(annotation: Any) -> type[BaseModel]:
    options = get_args(annotation) or (annotation,)
    return next(
        option for option in options if isinstance(option, type) and issubclass(option, BaseModel)
    )


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _dotted(location: Sequence[int | str]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")
