from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner

from janitor.cli import options
from janitor.cli.root import cli
from janitor.config import Config
from janitor.config.table import OUTSIDE_THE_FILE
from janitor.config.targets import KINDS
from janitor.model.setting import Setting

NOT_SETTINGS = {"config", "force", "target", "include", "filter"}
FLAGS = [setting for setting in OUTSIDE_THE_FILE.values() if setting.group]


@click.command()
@options.target_options
@options.policy_options
@options.report_options
@options.limit_options
@options.force_option
@options.stand_down_option
@options.deadline_option
@options.journal_option
@options.lock_options
@options.shard_option
@click.pass_context
def everything(context: click.Context, /, **flags: object) -> None:
    context.ensure_object(dict).update(flags)


def flags_of(*args: str) -> dict[str, object]:
    flags: dict[str, object] = {}
    everything.main(list(args), standalone_mode=False, obj=flags)
    return flags


def test_every_flag_is_a_setting_that_the_configuration_knows() -> None:
    names = {parameter.name for parameter in everything.params}
    known = {setting.name for setting in FLAGS} | set(KINDS) | NOT_SETTINGS
    assert names == known


def test_a_setting_complains_by_the_flag_that_people_type() -> None:
    flags = {option for parameter in everything.params for option in parameter.opts}
    assert {setting.flag_name for setting in FLAGS} <= flags


def test_a_flag_that_is_not_given_is_none_or_empty() -> None:
    flags = flags_of()
    assert {name for name, value in flags.items() if value not in (None, ())} == {"force"}
    assert flags["force"] is False


def test_no_stand_down_switches_the_setting_off() -> None:
    assert flags_of("--no-stand-down")["stand_down"] is False


def test_repeated_targets_are_kept_in_order() -> None:
    flags = flags_of("--project", "b", "--sweep", "a/1", "--sweep", "a/2")
    assert flags["sweep"] == ("a/1", "a/2")
    assert [name for name in flags if name in KINDS] == [
        "project",
        "sweep",
        "group",
        "run",
        "store",
    ]


@pytest.mark.parametrize("setting", FLAGS)
def test_the_default_that_the_help_names_is_the_default(setting: Setting) -> None:
    defaults = dict(_flat(Config().model_dump(mode="json")))
    option = next(each for each in everything.params if each.name == setting.name)
    assert isinstance(option, click.Option)
    named = re.search(r"\[default: (\d+\w*|protein|failure|changes, .*)\]", option.help or "")
    default = defaults[setting.key]
    if named:
        shown = ", ".join(default) if isinstance(default, list) else default
        assert named[1] == (f"{shown:g}" if isinstance(shown, float) else str(shown))
    else:
        assert default in (None, [], True, False)


def _flat(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def test_a_command_with_many_options_shows_them_in_sections() -> None:
    shown = CliRunner().invoke(cli, ["fix", "--help"]).stdout
    headings = [line for line in shown.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == ["Targets:", "Options:", "Rules and thresholds:", "Output:", "Safety:"]
    sections = re.split(r"^\S.*:$", shown, flags=re.MULTILINE)
    assert "--crash-grace" in sections[headings.index("Rules and thresholds:") + 1]
    assert "--force" in sections[headings.index("Safety:") + 1]
    assert all(shown.count(f"  {option} ") == 1 for option in ("--sweep", "--report", "--config"))


def test_a_command_with_few_options_shows_one_list() -> None:
    shown = CliRunner().invoke(cli, ["journal", "list", "--help"]).stdout
    headings = [line for line in shown.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == ["Options:"]


def test_the_lines_for_a_shell_are_lines_of_their_own() -> None:
    shown = CliRunner().invoke(cli, ["completion", "--help"]).stdout
    assert [line.split()[0] for line in shown.splitlines() if "completion " in line[8:]][-3:] == [
        "bash:",
        "zsh:",
        "fish:",
    ]
