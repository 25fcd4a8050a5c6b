"""Targets besides sweeps: runs, filters, whole projects, and whatever a text names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from janitor.config import load
from janitor.config.targets import parse_any_target
from janitor.config.targets_setting import as_mapping, parse_targets
from janitor.errors import TargetError
from janitor.model import Target, TargetKind


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("acme/rl", "project", "acme/rl"),
        ("acme/rl/s1", "sweep", "acme/rl/s1"),
        ("https://wandb.ai/acme/rl/sweeps/s1?nw=x", "sweep", "acme/rl/s1"),
        ("https://wandb.ai/acme/rl/runs/r1/overview", "run", "acme/rl/r1"),
        ("https://wandb.ai/acme/rl/groups/night", "group", "acme/rl/night"),
        ("https://wandb.ai/acme/rl/workspace", "project", "acme/rl"),
        ("tasks:/data/x.json", "store", "tasks:/data/x.json"),
    ],
)
def test_a_text_names_a_target_of_any_kind(text: str, kind: str, path: str) -> None:
    target = parse_any_target(text)
    assert (target.kind, str(target)) == (kind, path)


def test_a_page_of_something_else_is_refused() -> None:
    with pytest.raises(TargetError, match="not the URL of a sweep, project, group or run"):
        parse_any_target("https://wandb.ai/acme/rl/reports/x/y")


ITEMS: list[dict[str, Any]] = [
    {"run": "acme/rl/r1"},
    {"project": "acme/rl", "include": "all"},
    {"project": "acme/rl", "filter": {"tags": "night"}},
]


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_of_targets_survives_a_round_trip(item: dict[str, Any]) -> None:
    (target,) = parse_targets([item])
    assert as_mapping(target) == item


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("{tags}", "is not valid JSON"),
        ("[]", "must be an object"),
        ('{"tag": "night"}', "a run has no field 'tag'.*did you mean"),
        ('{"tags": {"$inn": []}}', r"unknown operator \$inn"),
        ('{"$and": {}}', r"\$and takes a list"),
        ('{"tags": {"$in": "x"}}', r"\$in takes a list"),
        ('{"$or": [{"stat": 1}]}', "a run has no field 'stat'"),
    ],
)
def test_a_filter_with_a_mistake_is_refused(given: str, problem: str) -> None:
    with pytest.raises(TargetError, match=problem):
        load({"project": ("acme/rl",), "filter": given}, {}, Path("/"))


@pytest.mark.parametrize("flags", [{"filter": "{}"}, {"include": "all"}])
def test_a_filter_needs_a_project(flags: dict[str, Any]) -> None:
    with pytest.raises(TargetError, match="is for a project"):
        load(flags, {}, Path("/"))
    with pytest.raises(TargetError, match="is for a project, not for the sweep"):
        load({"sweep": ("acme/rl/s1",), **flags}, {}, Path("/"))


def test_settings_can_stand_beside_a_narrowed_project(tmp_path: Path) -> None:
    text = "targets:\n  - {project: acme/rl, include: all, heartbeat_timeout: 2h}\n"
    (tmp_path / "janitor.yaml").write_text(text)
    config = load({}, {}, tmp_path).config
    assert config.targets == (Target(TargetKind.FILTER, "acme", "rl", "{}"),)
    assert [str(each.target) for each in config.policy.overrides] == ["acme/rl"]
