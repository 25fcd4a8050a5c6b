"""A setting is declared once; everything else about it follows from the declaration."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import click
import pytest

from janitor.cli.root import cli
from janitor.config import Config, load
from janitor.config.table import OUTSIDE_THE_FILE, SETTINGS
from janitor.errors import ConfigError
from janitor.model import OVERRIDABLE, THRESHOLDS, Policy
from janitor.model.setting import DURATIONS, Setting
from janitor.pipeline.describe import describe_thresholds
from janitor.records.report import Report
from tests.records.planned import carried

LONG = timedelta(days=2)
THRESHOLD_SETTINGS = [OUTSIDE_THE_FILE[name] for name in THRESHOLDS]


def loaded(folder: Path, text: str = "", **environ: str) -> Config:
    (folder / "janitor.yaml").write_text(text)
    return load({}, environ, folder).config


def help_of(command: str) -> dict[str, str]:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    return {
        option.name: option.help or ""
        for option in found.params
        if isinstance(option, click.Option) and option.name
    }


def test_the_thresholds_are_those_of_the_policy() -> None:
    fields = {field.name for field in dataclasses.fields(Policy)}
    assert set(THRESHOLDS) <= fields
    assert {"heartbeat_timeout", "crash_grace", "settle"} <= set(THRESHOLDS)


@pytest.mark.parametrize("setting", THRESHOLD_SETTINGS, ids=lambda one: one.name)
class TestAThreshold:
    def test_reaches_the_policy_from_its_key_and_its_variable(
        self, setting: Setting, tmp_path: Path
    ) -> None:
        from_file = loaded(tmp_path, f"{setting.key}: 2d").policy
        from_environment = loaded(tmp_path, **{setting.variable: "2d"}).policy
        assert getattr(from_file, setting.name) == LONG
        assert from_environment == from_file

    def test_is_a_flag_whose_help_is_its_meaning(self, setting: Setting) -> None:
        assert help_of("fix")[setting.name].startswith(setting.help)

    def test_is_an_option_of_its_rule(self, setting: Setting, tmp_path: Path) -> None:
        policy = loaded(tmp_path, f"rules: {{{setting.rule}: {{{setting.name}: 2d}}}}").policy
        assert getattr(policy, setting.name) == LONG

    def test_can_be_overridden_if_it_says_so(self, setting: Setting, tmp_path: Path) -> None:
        schema = Config.json_schema()["$defs"]["OverrideSettings"]["properties"]
        assert (setting.name in schema) is setting.per_override
        if setting.per_override:
            text = f"overrides: [{{sweep: a/b/c, {setting.name}: 2d}}]"
            assert loaded(tmp_path, text).policy.overrides[0].settings == {setting.name: LONG}

    def test_is_carried_by_a_plan(self, setting: Setting, tmp_path: Path) -> None:
        policy = loaded(tmp_path, f"{setting.key}: 2d").policy
        assert getattr(carried(policy, tmp_path), setting.name) == LONG

    def test_is_in_the_report(self, setting: Setting, tmp_path: Path) -> None:
        policy = loaded(tmp_path, f"{setting.key}: 2d").policy
        key = f"{setting.name}_seconds"
        assert describe_thresholds(policy)[key] == LONG.total_seconds()
        schema = Report.model_json_schema()["properties"]["thresholds"]["anyOf"][0]
        assert key in schema["properties"]


def test_every_setting_means_something_and_can_be_named() -> None:
    assert all(setting.help.endswith(".") for setting in SETTINGS)
    names = [setting.name for setting in OUTSIDE_THE_FILE.values()]
    assert len(names) == len(set(names))
    assert len({setting.key for setting in SETTINGS}) == len(SETTINGS)


def test_every_flag_is_an_option_of_fix_or_of_another_command() -> None:
    flags = {setting.name for setting in OUTSIDE_THE_FILE.values() if setting.group}
    assert flags <= set(help_of("fix"))


def test_only_what_judges_sweep_runs_can_be_overridden() -> None:
    assert "objective" in OVERRIDABLE
    assert all(
        setting.kind in DURATIONS for name, setting in OVERRIDABLE.items() if name != "objective"
    )


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "settle: soon\n\nlimits:\n  max_change: 5\nheartbeat_timeout: 0\n",
            [
                (
                    "janitor.yaml:1: settle must be a duration such as 90s, 30m, 2h, 1d or 1h30m"
                    " (a bare number is seconds), not 'soon'."
                ),
                "janitor.yaml:4: limits has no setting 'max_change'; did you mean 'max_changes'?",
                "janitor.yaml:5: heartbeat_timeout must be longer than 0, not 0",
            ],
        ),
        (
            (
                "targets:\n- project: a/b\n- sweep: a/b/c\n  settle: x\noverrides:\n"
                "- project: a/b\n  nope: 1\n"
            ),
            [
                "janitor.yaml:4: targets[1].settle must be a duration",
                "janitor.yaml:7: overrides[0] has no setting 'nope'",
            ],
        ),
        (
            "rules:\n  own:\n  - id: a\n  - id: b\n    when: run.ended\n    reason: r\n",
            [
                "janitor.yaml:3: rules.own[0].when is missing.",
                "janitor.yaml:4: rules.own[1].becomes is missing",
            ],
        ),
    ],
)
def test_all_mistakes_of_a_file_are_named_with_their_lines(
    text: str, sentences: list[str], tmp_path: Path
) -> None:
    said = refused(tmp_path, text)
    places = [said.find(sentence) for sentence in sentences]
    assert -1 not in places, said
    assert places == sorted(places)


def test_of_many_mistakes_the_rest_is_counted(tmp_path: Path) -> None:
    said = refused(tmp_path, "\n".join(f"wrong{number}: 1" for number in range(9)))
    assert said.count("janitor.yaml:") == 5
    assert said.endswith("There are 4 more mistakes")


def test_all_wrong_flags_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load({"settle": "soon", "max_changes": "many"}, {}, tmp_path)
    assert "--settle must be a duration" in str(raised.value)
    assert "--max-changes must be a whole number ≥ 0, not 'many'" in str(raised.value)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        loaded(folder, text)
    return str(raised.value)
