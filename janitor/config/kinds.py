"""The pydantic type of each kind of setting, and the pydantic models of tables of settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from janitor.config import addresses, durations, fields, table, targets_setting
from janitor.config.section import Section
from janitor.model import setting as kinds
from janitor.model.setting import Kind, Setting

TYPES: Final[Mapping[Kind, Any]] = {
    kinds.DURATION: durations.Duration,
    kinds.POSITIVE_DURATION: durations.PositiveDuration,
    kinds.NAMESPACE: fields.Namespace,
    kinds.KEY: fields.Text,
    kinds.PATTERNS: fields.Patterns,
    kinds.VOCABULARY: fields.Vocabulary,
    kinds.OPT_IN: fields.Switch,
    table.COUNT: fields.Count,
    table.WHOLE_NUMBER: fields.WholeNumber,
    table.PERCENT: fields.Percent,
    table.SWITCH: fields.Switch,
    table.FILE: fields.FilePath,
    table.FOLDER: fields.FilePath,
    table.FILES: fields.FilePaths,
    table.URL: addresses.WebAddress,
    table.MESSENGERS: addresses.Messengers,
    table.OCCASIONS: addresses.Occasions,
    table.JUNIT_WORD: addresses.JunitWord,
    table.RULE_IDS: fields.RuleIds,
    table.SHARD: fields.ShardOfAll,
    table.TARGETS: targets_setting.Targets,
}

Fields = dict[str, Any]
"""Name → (type, default and description), as :func:`pydantic.create_model` takes them."""


def fields_of(declared: type[Any], types: Mapping[Kind, Any] = TYPES) -> Fields:
    """The fields of a table, each of its sections as a model of its own."""
    found: Fields = {}
    for field in dataclasses.fields(declared):
        if "table" in field.metadata:
            section = field.metadata["table"]
            model = model_of(section.__name__, Section, fields_of(section, types), section.__doc__)
            found[field.name] = model, _info(model(), field.metadata["help"])
        elif "setting" in field.metadata:
            one: Setting = field.metadata["setting"]
            default = {} if field.default is dataclasses.MISSING else field.default
            kind = types[one.kind]
            found[field.name] = (
                kind if default is not None else kind | None,
                _info(default, one.help),
            )
    return found


def options(settings: Iterable[Setting]) -> Fields:
    """The settings as fields that can be left out, in which case the general setting holds."""
    return {one.name: (TYPES[one.kind] | None, _info(None, one.help)) for one in settings}


def model_of(name: str, base: type[Any], fields: Fields, doc: str | None = None) -> type[Any]:
    """A pydantic model with these fields besides those of its base."""
    model: type[BaseModel] = create_model(
        name, __base__=base, __doc__=doc or base.__doc__, **fields
    )
    return model


def _info(default: Any, description: str) -> FieldInfo:
    return FieldInfo(default=default, description=description)
