from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from janitor.config import Config
from janitor.config.durations import PATTERN
from janitor.config.settings import ConfigFile
from janitor.rules import RULE_IDS


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return Config.json_schema()


def objects(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "janitor.yaml", schema
    yield from schema["$defs"].items()


def test_every_setting_has_a_description_on_one_line(schema: dict[str, Any]) -> None:
    for section, each in objects(schema):
        for name, setting in each["properties"].items():
            section_of = schema["$defs"].get(setting.get("$ref", "").rpartition("/")[2], {})
            description = setting.get("description") or section_of.get("description")
            assert description, f"{section}: {name}"
            assert "\n" not in description


def test_unknown_keys_are_refused_everywhere(schema: dict[str, Any]) -> None:
    for section, each in objects(schema):
        assert each["additionalProperties"] is False, section


def test_defaults_are_shown_as_people_write_them(schema: dict[str, Any]) -> None:
    assert schema["properties"]["heartbeat_timeout"]["default"] == "30m"
    assert schema["$defs"]["StandDownLimits"]["properties"]["within"]["default"] == "1d"


def test_the_schema_is_strict_json(schema: dict[str, Any]) -> None:
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema


def test_the_schemas_own_defaults_are_accepted(schema: dict[str, Any]) -> None:
    given = {name: setting["default"] for name, setting in schema["properties"].items()
             if "default" in setting}  # fmt: skip
    assert ConfigFile.model_validate(given) == ConfigFile()


def test_options_of_rules_stand_under_ids_of_rules(schema: dict[str, Any]) -> None:
    names = set(schema["$defs"]["FileRuleSettings"]["properties"]) - {"disable", "own"}
    assert names <= set(RULE_IDS)


@pytest.mark.parametrize("text", ["90s", "30m", "2h", "1d", "1h30m", "1d 2h", "45", "1.5h"])
def test_the_pattern_of_durations_takes_what_people_write(text: str) -> None:
    assert re.search(PATTERN, text)


@pytest.mark.parametrize("text", ["abc", "-5m", "5 minutes", "1w"])
def test_the_pattern_of_durations_refuses_the_rest(text: str) -> None:
    assert not re.search(PATTERN, text)
