from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janitor.config import parse_target
from janitor.errors import TargetError
from janitor.model import LocalTarget, Target, TargetKind

SWEEP, PROJECT, GROUP, RUN, FILTER, STORE = TargetKind


@pytest.mark.parametrize(
    ("kind", "text", "target"),
    [
        ("sweep", "acme/rl/s1", Target(SWEEP, "acme", "rl", "s1")),
        ("sweep", "rl/s1", Target(SWEEP, None, "rl", "s1")),
        ("sweep", "acme/my project/s1", Target(SWEEP, "acme", "my project", "s1")),
        ("project", "acme/rl", Target(PROJECT, "acme", "rl")),
        ("project", "rl", Target(PROJECT, None, "rl")),
        ("store", "experiments:/data/x", LocalTarget("experiments", "/data/x")),
        ("store", "tasks:/data/../s.json", LocalTarget("tasks", "/s.json")),
        ("group", "acme/rl/night", Target(GROUP, "acme", "rl", "night")),
        ("group", "acme/rl/night/1", Target(GROUP, "acme", "rl", "night/1")),
        ("group", "acme/rl/lr=0.1: 50% #2?", Target(GROUP, "acme", "rl", "lr=0.1: 50% #2?")),
        ("sweep", "https://wandb.ai/acme/rl/sweeps/s1", Target(SWEEP, "acme", "rl", "s1")),
        ("sweep", "https://wandb.ai/acme/rl/sweeps/s1/?nw=x#y", Target(SWEEP, "acme", "rl", "s1")),
        ("sweep", "http://host:8080/acme/my%20rl/sweeps/s1", Target(SWEEP, "acme", "my rl", "s1")),
        ("project", "https://wandb.ai/acme/rl", Target(PROJECT, "acme", "rl")),
        ("project", "https://wandb.ai/acme/rl/sweeps", Target(PROJECT, "acme", "rl")),
        (
            "group",
            "https://wandb.ai/acme/rl/groups/night%2F1/workspace",
            Target(GROUP, "acme", "rl", "night/1"),
        ),
    ],
)
def test_targets_are_read_as_people_write_them(kind: str, text: str, target: Target) -> None:
    assert parse_target(kind, text) == target


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("sweep", "", "is empty"),
        ("store", "", "does not begin with"),
        ("store", "/data", "does not begin with experiments, tasks or file and a colon"),
        ("store", "wandb:/data", "does not begin with"),
        ("store", "tasks:", "names no path"),
        ("store", None, "does not begin with"),
        ("sweep", "s1", "has too few parts"),
        ("sweep", "acme/rl/s1/x", "has too many parts"),
        ("sweep", "acme//s1", "has an empty part"),
        ("sweep", "/acme/rl/s1", "has an empty part"),
        ("sweep", "acme/rl/s1/", "has an empty part"),
        ("sweep", "acme/rl/s 1", "contains a space, which the ID of a sweep cannot"),
        ("sweep", " acme/rl/s1", "contains a stray space"),
        ("sweep", "acme/rl/s1\n", "contains a stray space"),
        ("sweep", "acme/ rl/s1", "contains a stray space"),
        ("sweep", "acme/rl\x00/s1", "contains a stray space"),
        ("sweep", "acme/r#l/s1", "contains '#', which such names cannot"),
        ("sweep", "acme/rl/s1?x", "contains '?', which such names cannot"),
        ("sweep", 5, "is not a text"),
        ("sweep", None, "is not a text"),
        ("sweep", "https://wandb.ai/acme/rl/runs/abc", "is not the URL of a sweep in W&B"),
        ("sweep", "https://wandb.ai/", "is not the URL of a sweep in W&B"),
        ("group", "s3://acme/rl/night", "has an empty part"),
        ("project", "acme/rl/s1", "has too many parts"),
        ("project", "acme/", "has an empty part"),
        ("project", "https://wandb.ai/acme/rl/sweeps/s1", "is not the URL of a project in W&B"),
        ("group", "rl/night", "has too few parts"),
        ("group", "acme/rl/night/", "has an empty part"),
        ("group", "acme/rl/a//b", "has an empty part"),
        ("group", "acme/rl/night ", "contains a stray space"),
    ],
)
def test_a_malformed_target_is_one_sentence_that_shows_the_right_form(
    kind: str, text: Any, problem: str
) -> None:
    with pytest.raises(TargetError) as caught:
        parse_target(kind, text)
    said = str(caught.value)
    assert said.startswith(f"{kind} ")
    assert f" {problem}" in said
    local = kind == "store"
    assert ("write experiments:DIR" if local else "write ENTITY/PROJECT") in said
    assert f"for example {'experiments:' if local else 'acme/rl'}" in said
    assert "\n" not in said


names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


@given(names, names, names)
def test_a_target_is_printed_as_it_is_read(entity: str, project: str, name: str) -> None:
    for kind, text in (
        (SWEEP, f"{entity}/{project}/{name}"),
        (SWEEP, f"{project}/{name}"),
        (PROJECT, f"{entity}/{project}"),
        (PROJECT, project),
        (GROUP, f"{entity}/{project}/{name}/{name}"),
    ):
        assert str(parse_target(kind, text)) == text


@given(st.sampled_from(TargetKind), st.text())
def test_any_text_is_a_target_or_a_target_error(kind: TargetKind, text: str) -> None:
    try:
        assert str(parse_target(kind, text))
    except TargetError as error:
        said = str(error)
        assert "\n" not in said
