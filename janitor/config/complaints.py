"""Turns what pydantic refuses into sentences that name the setting and what is allowed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from janitor.model.wording import did_you_mean, either, quoted
from janitor.rules import RULE_IDS

Location = tuple[int | str, ...]
"""Keys and indexes that lead to a value: ``("rules", "own", 0)``."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with the settings of a source."""

    setting: Location
    """What the sentence is about; empty for the settings as a whole."""
    problem: str
    """What goes after the setting's name."""
    at: Location
    """Where the mistake is: for an unknown key the key, not its section."""

    def __str__(self) -> str:
        return f"{dotted(self.setting)} {self.problem}".lstrip()


def complaints(error: ValidationError, model: type[BaseModel]) -> list[Complaint]:
    """Everything that is wrong, each thing once."""
    found = [_complaint(one, model) for one in error.errors(include_url=False)]
    return list(dict.fromkeys(found))


def dotted(location: Sequence[int | str]) -> str:
    """The location as users write it: ``rules.own[0]``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")


def _complaint(error: ErrorDetails, model: type[BaseModel]) -> Complaint:
    at, given = error["loc"], error["input"]
    setting = at
    match error["type"]:
        case "extra_forbidden":
            setting, problem = _unknown_key(model, at)
        case "value_error":
            problem = str(error["ctx"]["error"])
        case "model_type":
            problem = f"must be a mapping of settings, not {quoted(given)}"
        case "missing":
            problem = "is missing"
        case "tuple_type":
            problem = f"must be a list, not {quoted(given)}"
        case "invalid_key":
            setting, problem = at[:-1], f"has the key {quoted(at[-1])}, which is not a text"
        case _:
            problem = f"cannot be {quoted(given)}: {error['msg']}"
    return Complaint(setting, problem, at)


def _unknown_key(model: type[BaseModel], location: Location) -> tuple[Location, str]:
    *sections, key = location
    if sections == ["rules"] and key in RULE_IDS:
        return location, "is a rule without options"
    known = _keys(_section(model, sections))
    hint = did_you_mean(key, known)
    if not hint and sections:
        hint = f"; it has {either(known)}" if known else ""
    return tuple(sections), f"has no setting {quoted(key)}{hint}"


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
