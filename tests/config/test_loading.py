from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from janitor.config import Config, LoadedConfig, load
from janitor.config.layers import VARIABLES
from janitor.config.table import OUTSIDE_THE_FILE
from janitor.errors import ConfigError
from janitor.model import Policy, SweepRunState, Target, TargetKind


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def loaded(
    home: Path,
    text: str | None = None,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> LoadedConfig:
    if text is not None:
        (home / "janitor.yaml").write_text(text, encoding="utf-8")
    return load(flags or {}, environ or {}, home)


def origin(config: LoadedConfig, key: str) -> str:
    return next(came_from for name, _, came_from in config.settings() if name == key)


def test_without_any_source_the_defaults_hold(home: Path) -> None:
    result = loaded(home)
    assert result.config == Config()
    assert result.file is None
    assert {came_from for _, _, came_from in result.settings()} == {"default"}


def test_the_default_policy_is_the_policys_own_default() -> None:
    assert Config().policy == Policy()


def test_the_file_in_the_working_directory_is_read(home: Path) -> None:
    result = loaded(home, "settle: 2m")
    assert result.config.settle == timedelta(minutes=2)
    assert result.file == home / "janitor.yaml"
    assert origin(result, "settle") == "janitor.yaml"


def test_a_flag_beats_the_environment_and_the_environment_beats_the_file(home: Path) -> None:
    text = "settle: 1m\ncrash_grace: 1m\nheartbeat_timeout: 1m"
    environ = {"JANITOR_SETTLE": "2m", "JANITOR_CRASH_GRACE": "2m"}
    result = loaded(home, text, {"settle": "3m"}, environ)
    assert result.config.settle == timedelta(minutes=3)
    assert result.config.crash_grace == timedelta(minutes=2)
    assert result.config.heartbeat_timeout == timedelta(minutes=1)
    assert origin(result, "settle") == "flag --settle"
    assert origin(result, "crash_grace") == "environment JANITOR_CRASH_GRACE"
    assert origin(result, "heartbeat_timeout") == "janitor.yaml"
    assert origin(result, "evaluation_timeout") == "default"


def test_a_section_is_merged_setting_by_setting(home: Path) -> None:
    result = loaded(home, "limits: {max_changes: 7}", environ={"JANITOR_MAX_SILENT_PERCENT": "20"})
    assert result.config.limits.max_changes == 7
    assert result.config.limits.max_silent_percent == 20
    assert origin(result, "limits.max_changes") == "janitor.yaml"
    assert origin(result, "limits.max_silent_percent") == "environment JANITOR_MAX_SILENT_PERCENT"


def test_targets_of_the_command_line_replace_all_those_of_the_file(home: Path) -> None:
    text = "targets:\n- sweep: acme/rl/s1\n- project: acme/other"
    flags = {"project": ("acme/rl",), "sweep": ("acme/rl/s2", "acme/rl/s2"), "group": ()}
    result = loaded(home, text, flags)
    assert result.config.targets == (
        Target(TargetKind.PROJECT, "acme", "rl"),
        Target(TargetKind.SWEEP, "acme", "rl", "s2"),
    )
    assert origin(result, "targets") == "flag --project, --sweep"


def test_targets_in_the_environment_are_separated_by_commas_or_line_breaks(home: Path) -> None:
    environ = {"JANITOR_SWEEP": "acme/rl/s1, acme/rl/s2,\nrl/s3", "JANITOR_GROUP": "a/b/night 1/2"}
    result = loaded(home, "targets: [{project: x}]", environ=environ)
    assert [str(target) for target in result.config.targets] == [
        "acme/rl/s1",
        "acme/rl/s2",
        "rl/s3",
        "a/b/night 1/2",
    ]
    assert origin(result, "targets") == "environment JANITOR_SWEEP, JANITOR_GROUP"


def test_rules_switched_off_anywhere_stay_off(home: Path) -> None:
    result = loaded(
        home,
        "rules: {disable: [wandb-failed]}",
        {"disable_rule": ("wandb-killed", "wandb-failed")},
    )
    assert result.config.policy.disabled_rules == {"wandb-failed", "wandb-killed"}
    assert origin(result, "rules.disable") == "flag --disable-rule and janitor.yaml"


def test_options_of_a_rule_mean_the_thresholds_of_their_names(home: Path) -> None:
    text = """
rules:
  heartbeat-expired: {heartbeat_timeout: 2h, evaluation_timeout: 3h}
  wandb-crashed: {crash_grace: 4h}
  objective-recorded: {settle: 5h}
  stale-assignment: {stale_after: 6h}
"""
    result = loaded(home, text)
    policy = result.config.policy
    assert policy.heartbeat_timeout == timedelta(hours=2)
    assert policy.evaluation_timeout == timedelta(hours=3)
    assert policy.crash_grace == timedelta(hours=4)
    assert policy.settle == timedelta(hours=5)
    assert policy.stale_after == timedelta(hours=6)
    assert origin(result, "settle") == "janitor.yaml (rules.objective-recorded.settle)"


def test_a_flag_beats_the_option_of_a_rule(home: Path) -> None:
    result = loaded(home, "rules: {objective-recorded: {settle: 5h}}", {"settle": "1h"})
    assert result.config.settle == timedelta(hours=1)
    assert origin(result, "settle") == "flag --settle"


def test_a_threshold_given_twice_with_one_value_is_accepted(home: Path) -> None:
    result = loaded(home, "settle: 5m\nrules: {objective-recorded: {settle: 300}}")
    assert result.config.settle == timedelta(minutes=5)


def test_a_key_with_nothing_after_it_counts_as_not_given(home: Path) -> None:
    result = loaded(home, "settle:\nlimits:\ntargets:\nrules:\n  wandb-crashed:\n  disable:\n")
    assert result.config == Config()


def test_both_forms_of_targets_mean_the_same(home: Path) -> None:
    as_list = loaded(home, "targets:\n- sweep: a/b/c\n- sweep: b/d\n- project: b\n- group: a/b/c/d")
    as_mapping = loaded(home, "targets: {sweep: [a/b/c, b/d], project: b, group: a/b/c/d}")
    assert as_list.config == as_mapping.config


def test_every_setting_outlives_a_round_trip_through_json(home: Path) -> None:
    text = """
targets: [{sweep: rl/s1}, {group: a/b/c/d}]
vocabulary: {failure: failed}
evaluation_timeout: 1h0.5s
deadline: 8m
journal: /var/janitor
report: [a.json, b.csv]
stand_down: {enabled: no, share_percent: 12.5}
rules: {disable: wandb-failed}
"""
    config = loaded(home, text).config
    assert Config.model_validate(config.model_dump(mode="json")) == config
    assert Config.model_validate_json(config.model_dump_json()) == config


def test_vocabulary_words_that_yaml_1_1_takes_for_booleans_stay_words(home: Path) -> None:
    config = loaded(home, "vocabulary: {cancelled: no, failure: off}").config
    assert config.policy.word(SweepRunState.CANCELLED) == "no"
    assert config.policy.word(SweepRunState.FAILURE) == "off"


@pytest.mark.parametrize(
    ("flags", "environ"),
    [({"config": "other.yaml"}, {}), ({}, {"JANITOR_CONFIG": "other.yaml"})],
)
def test_another_file_can_be_named(
    home: Path, flags: dict[str, str], environ: dict[str, str]
) -> None:
    (home / "other.yaml").write_text("settle: 7m")
    result = loaded(home, "settle: 1m", flags, environ)
    assert result.config.settle == timedelta(minutes=7)
    assert origin(result, "settle") == "other.yaml"


def test_a_named_file_that_is_missing_is_refused(home: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^--config names no\.yaml, but this file does not exist$"
    ):
        loaded(home, flags={"config": "no.yaml"})
    with pytest.raises(ConfigError, match=r"^JANITOR_CONFIG names no\.yaml, but this file does"):
        loaded(home, environ={"JANITOR_CONFIG": "no.yaml"})


def test_empty_variables_count_as_not_set(home: Path) -> None:
    environ = dict.fromkeys(VARIABLES, "")
    assert loaded(home, environ=environ).config == Config()


def test_an_unknown_variable_is_a_warning_that_names_the_nearest(home: Path) -> None:
    environ = {"JANITOR_SETTEL": "5m", "JANITOR_SERVICE_HOST": "10.0.0.1", "JANITOR_PORT": "tcp:1"}
    assert loaded(home, environ=environ).warnings == (
        "unknown environment variable JANITOR_SETTEL; did you mean 'JANITOR_SETTLE'?",
    )


def test_every_setting_but_those_of_many_parts_can_be_given_outside_the_file() -> None:
    in_the_file_alone = {"targets", "vocabulary", "overrides", "rules.own"}
    keys = {key for key, _, _ in load({}, {}, Path("/nonexistent")).settings()}
    assert {setting.key for setting in OUTSIDE_THE_FILE.values()} == keys - in_the_file_alone


def test_the_config_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().settle = timedelta(0)  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("name", ["JANITOR_DRY_RUN", "JANITOR_FORCE"])
def test_nobody_is_left_to_believe_in_a_variable_that_is_a_flag_alone(
    name: str, tmp_path: Path
) -> None:
    flag = {"JANITOR_DRY_RUN": "--dry-run", "JANITOR_FORCE": "--force"}[name]
    with pytest.raises(ConfigError, match=f"{name} is not a setting: .* the flag {flag}"):
        load({}, {name: "1"}, tmp_path)
    load({}, {name: ""}, tmp_path)
