from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from janitor.config import Config, LoadedConfig, load
from janitor.errors import ConfigError, TargetError
from janitor.model import Ignore, Override, OwnRule, SweepRunState, Target, TargetKind
from tests.records.planned import carried

TWO_HOURS = timedelta(hours=2)
EVERYTHING = """
targets:
  - project: acme/rl
  - {sweep: acme/rl/s1, heartbeat_timeout: 2h, disable: wandb-killed}
overrides: [{group: acme/rl/night/1, objective: val/loss, settle: 0s}]
objective: auto
active_since: 30d
ignore: {tags: debug, names: [test-*, "*-tmp"], older_than: 90d}
rules:
  own:
    - {id: stale, when: 'run.ended && run.age > duration("6h")', becomes: failure, reason: stale}
"""


def loaded(
    home: Path, text: str, flags: dict[str, Any] | None = None, **environ: str
) -> LoadedConfig:
    (home / "janitor.yaml").write_text(text)
    return load(flags or {}, environ, home)


def test_overrides_ignored_runs_and_own_rules_reach_the_policy(tmp_path: Path) -> None:
    config = loaded(tmp_path, EVERYTHING).config
    policy = config.policy
    assert [str(target) for target in config.targets] == ["acme/rl", "acme/rl/s1"]
    sweep = Target(TargetKind.SWEEP, "acme", "rl", "s1")
    group = Target(TargetKind.GROUP, "acme", "rl", "night/1")
    assert policy.overrides == (
        Override(sweep, {"heartbeat_timeout": TWO_HOURS}, frozenset({"wandb-killed"})),
        Override(group, {"settle": timedelta(0), "objective": "val/loss"}),
    )
    assert policy.objective == "auto"
    assert policy.ignore == Ignore(("debug",), ("test-*", "*-tmp"), timedelta(days=90))
    when = 'run.ended && run.age > duration("6h")'
    assert policy.own_rules == (OwnRule("stale", when, SweepRunState.FAILURE, "stale"),)
    assert config.active_since == timedelta(days=30)


def test_the_settings_survive_their_own_json(tmp_path: Path) -> None:
    config = loaded(tmp_path, EVERYTHING).config
    assert Config.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (EVERYTHING, True),
        ("targets: [{sweep: acme/rl/s1, nope: 1}]", False),
        ("overrides: [{sweep: acme/rl/s1, settle: soon}]", False),
        ("rules: {own: [{id: a, when: run.ended, becomes: running, reason: r}]}", False),
        ("ignore: {tag: x}", False),
        ("targets: [{store: experiments:.experiment_state}, {store: tasks:x.json}]", True),
        ("targets: [{store: tasks:x.json, settle: 5m}]", False),
        ("overrides: [{settle: 5m}]", False),
        ("overrides: [{sweep: acme/rl/s1, project: acme/rl}]", False),
    ],
)
def test_the_schema_shows_an_editor_which_values_are_possible(*, text: str, valid: bool) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(Config.json_schema())
    assert validator.is_valid(yaml.safe_load(text)) is valid


def test_a_plan_carries_all_of_the_policy(tmp_path: Path) -> None:
    policy = loaded(tmp_path, EVERYTHING).config.policy
    assert carried(policy, tmp_path) == policy


def test_targets_of_the_command_line_keep_the_overrides_of_the_file(tmp_path: Path) -> None:
    result = loaded(tmp_path, EVERYTHING, {"sweep": ("acme/rl/s1",)})
    assert len(result.config.targets) == 1
    assert result.config.policy.overrides[0].settings["heartbeat_timeout"] == TWO_HOURS


@pytest.mark.parametrize(
    ("flags", "environ"),
    [({"heartbeat_timeout": "5m"}, {}), ({}, {"JANITOR_HEARTBEAT_TIMEOUT": "5m"})],
)
def test_a_flag_or_variable_beats_the_override_of_the_same_setting(
    flags: dict[str, Any], environ: dict[str, str], tmp_path: Path
) -> None:
    policy = loaded(tmp_path, EVERYTHING, flags, **environ).config.policy
    assert policy.heartbeat_timeout == timedelta(minutes=5)
    assert policy.overrides[0].settings == {}
    assert policy.overrides[1].settings["settle"] == timedelta(0)


def test_what_is_ignored_can_be_named_in_the_environment(tmp_path: Path) -> None:
    config = loaded(tmp_path, "", JANITOR_IGNORE_TAGS="a, b*", JANITOR_ACTIVE_SINCE="7d").config
    assert config.policy.ignore.tags == ("a", "b*")
    assert config.active_since == timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "targets: [{project: a/b}, {sweep: a/b/c, heartbeet_timeout: 2h}]",
            "targets[1] has no setting 'heartbeet_timeout'; did you mean 'heartbeat_timeout'?",
        ),
        ("targets: [{sweep: a/b/c, settle: -2h}]", "targets[0].settle must not be negative"),
        ("overrides: [{settle: 2h}]", "overrides[0] must name one sweep, project or group"),
        ("overrides: [{sweep: a/b, project: a}]", "overrides[0] must name one sweep"),
        ("overrides: 5", "overrides must be a list, not 5"),
        ("ignore: {tag: x}", "ignore has no setting 'tag'; did you mean 'tags'?"),
        ("ignore: {older_than: 0}", "ignore.older_than must be longer than 0"),
        ("rules: {own: [{id: a}]}", "rules.own[0].when is missing"),
        ("rules: {own: {id: a}}", "rules.own must be a list"),
        ("rules: {owm: []}", "rules has no setting 'owm'; did you mean 'own'?"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(
    text: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, text)
    assert str(raised.value).startswith(f"janitor.yaml:1: {complaint}")


def test_a_malformed_target_of_an_override_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="sweep 'x' has too few parts"):
        loaded(tmp_path, "overrides: [{sweep: x}]")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"id": "wandb-failed"}, "[0].id is 'wandb-failed', which is a built-in rule"),
        ({"id": "none"}, "[0].id is 'none', which is a built-in rule"),
        ({"id": "Stale one"}, "[0].id must be lower-case letters and digits"),
        ({"becomes": "running"}, "[0].becomes must be a terminal state"),
        (
            {"when": "run.agee"},
            "[0] (stale): its condition cannot be used: run has no field 'agee'",
        ),
        ({"when": "run.age > 5"}, "[0] (stale): its condition cannot be used: a duration cannot"),
        ({"reason": " "}, "[0].reason must be a text that is not empty"),
        ({"whenn": "true"}, "[0] has no setting 'whenn'; did you mean 'when'?"),
    ],
)
def test_an_own_rule_is_checked_when_it_is_read(
    changes: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    rule = {"id": "stale", "when": "run.ended", "becomes": "failure", "reason": "r"} | changes
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, f"rules: {{own: [{rule}]}}")
    assert str(raised.value).startswith(f"janitor.yaml:1: rules.own{complaint}")


def test_two_own_rules_of_one_id_are_refused(tmp_path: Path) -> None:
    rule = "{id: stale, when: run.ended, becomes: failure, reason: r}"
    with pytest.raises(ConfigError, match="has two rules with the id 'stale'"):
        loaded(tmp_path, f"rules: {{own: [{rule}, {rule}]}}")


@pytest.mark.parametrize(
    "text",
    ["active_since: 30m", "active_since: 1h\noverrides: [{sweep: a/b, crash_grace: 2h}]"],
)
def test_runs_may_not_be_left_out_before_they_could_be_given_up(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be longer than every timeout"):
        loaded(tmp_path, text)
