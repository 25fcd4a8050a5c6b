"""The settings as pydantic reads and checks them; the JSON Schema for editors is made from them.

What settings there are is declared in :mod:`janitor.config.table`.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from pydantic import BaseModel, Field, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue

from janitor.config.kinds import TYPES, fields_of, model_of, options
from janitor.config.overrides import Overrides
from janitor.config.own_rules import OwnRules
from janitor.config.section import Section
from janitor.config.table import OVERRIDES, OWN_RULES, BrakeLimits, Settings, StandDownLimits
from janitor.model import Ignore, Policy, PolicySettings
from janitor.model.setting import settings_of
from janitor.model.wording import format_duration


class EditorSchema(GenerateJsonSchema):
    """JSON Schema as an editor shows it: durations as people write them, no made-up titles."""

    def encode_default(self, dft: Any) -> Any:
        """The default as it would be written in the file."""
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        """Never: the key itself is the name that people know."""
        return False

    def generate(self, schema: Any, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        """The schema, with each description on one line."""
        return cast(JsonSchemaValue, _on_one_line(super().generate(schema, mode)))


def _on_one_line(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_on_one_line(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    lines = {key: _on_one_line(part) for key, part in schema.items()}
    if isinstance(lines.get("description"), str):
        lines["description"] = " ".join(lines["description"].split())
    return lines


_Table = TypeVar("_Table")


def _section(declared: type[_Table], section: Any) -> _Table:
    """A section of the settings as the plain dataclass that declares it."""
    return declared(**dict(section))


_FIELDS = fields_of(Settings, {**TYPES, OWN_RULES: OwnRules, OVERRIDES: Overrides})

if TYPE_CHECKING:

    class _Settings(Section, Settings):
        pass
else:
    _Settings = model_of("_Settings", Section, {"targets": _FIELDS.pop("targets"), **_FIELDS})


class Config(_Settings):
    """Every setting, with its value in effect. Values may be given as text, such as "30m"."""

    if TYPE_CHECKING:

        def __init__(self, **settings: Any) -> None: ...

    @property
    def policy(self) -> Policy:
        """What the rules are given."""
        given = {field.name: getattr(self, field.name) for field in fields(PolicySettings)}
        return Policy(
            **given | {"ignore": _section(Ignore, self.ignore)},
            disabled_rules=frozenset(self.rules.disable),
            own_rules=tuple(own.rule for own in self.rules.own),
            overrides=tuple(each.override for each in self.overrides),
        )

    @property
    def brake_limits(self) -> BrakeLimits:
        """How much a pass may change."""
        return _section(BrakeLimits, self.limits)

    @property
    def stand_down_limits(self) -> StandDownLimits:
        """When a silence is taken for an outage."""
        return _section(StandDownLimits, self.stand_down)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """The JSON Schema of janitor.yaml, for editors."""
        schema = ConfigFile.model_json_schema(schema_generator=EditorSchema)
        listed = schema["properties"]["targets"]["anyOf"][0]
        store = listed["items"] | {
            "properties": {"store": listed["items"]["properties"]["store"]},
        }
        listed["items"] = {"anyOf": [{"$ref": "#/$defs/OverrideSettings"}, store]}
        return {"$schema": EditorSchema.schema_dialect, **schema, "title": "janitor.yaml"}


def _options_of_rules() -> dict[str, Any]:
    """For each rule that has options, the section with those that it takes."""
    found: dict[str, Any] = {}
    for rule in dict.fromkeys(one.rule for one in settings_of(PolicySettings) if one.rule):
        own = options(one for one in settings_of(PolicySettings) if one.rule == rule)
        doc = f"Options of the rule {rule}; they mean the same as the settings of their names."
        model = model_of(f"{rule.title().replace('-', '')}Options", Section, own, doc)
        described = Field(None, alias=rule, description=f"Options of the rule {rule}.")
        found[rule.replace("-", "_")] = model | None, described
    return found


_OptionsOfRules: Any = model_of("_OptionsOfRules", type(Config().rules), _options_of_rules())


class FileRuleSettings(_OptionsOfRules):  # type: ignore[misc]  # made from the table of settings
    """Which rules are used, options of single rules, and your own rules."""

    def options(self) -> dict[str, tuple[str, timedelta]]:
        """The options that are given: threshold → (where it stands, its value)."""
        given: dict[str, tuple[str, timedelta]] = {}
        for name, field in type(self).model_fields.items():
            section = getattr(self, name)
            if isinstance(section, Section):
                for threshold in section.model_fields_set:
                    value = getattr(section, threshold)
                    if value is not None:
                        given[threshold] = (f"rules.{field.alias}.{threshold}", value)
        return given


class ConfigFile(Config):
    """The settings of the janitor of W&B sweep runs. All of them are optional."""

    rules: FileRuleSettings = Field(
        FileRuleSettings(),
        description="Which rules are used, options of single rules, and your own rules.",
    )

    @model_validator(mode="after")
    def _check_thresholds_agree(self) -> Self:
        for threshold, (place, value) in self.rules.options().items():
            general = getattr(self, threshold)
            if threshold in self.model_fields_set and general != value:
                shown = "none" if general is None else format_duration(general)
                raise ValueError(
                    f"{threshold} ({shown}) and {place} ({format_duration(value)}) mean the same"
                    " and differ: keep one of them"
                )
        return self
