from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janitor.model.summary import same
from janitor.storage import strict_json

any_text = st.text(st.characters(exclude_categories=()))
keys = st.one_of(any_text, st.sampled_from(["$number", "$literal"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=20,
)


@given(values)
def test_every_json_value_survives_a_round_trip(value: Any) -> None:
    assert same(strict_json.loads(strict_json.dumps(value)), value)


@given(values)
def test_what_is_written_is_strict_json_in_ascii(value: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = strict_json.dumps(value)
    assert text.isascii()
    assert "\n" not in text
    json.loads(text, parse_constant=refuse)


def test_non_finite_numbers_have_names() -> None:
    text = strict_json.dumps([math.inf, -math.inf, math.nan])
    assert json.loads(text) == [
        {"$number": "Infinity"},
        {"$number": "-Infinity"},
        {"$number": "NaN"},
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"$number": "NaN"}, {"$literal": {"$number": "NaN"}}),
        ({"$literal": {"$number": 1}}, {"$literal": {"$literal": {"$literal": {"$number": 1}}}}),
        ({"$number": math.inf}, {"$literal": {"$number": {"$number": "Infinity"}}}),
        ({"$number": 1, "x": 2}, {"$number": 1, "x": 2}),
    ],
)
def test_objects_that_look_like_ours_are_wrapped_and_come_back(value: Any, written: Any) -> None:
    text = strict_json.dumps(value)
    assert json.loads(text) == written
    assert strict_json.loads(text) == value


@pytest.mark.parametrize(
    "text",
    ['{"$number": "seven"}', '{"$number": 7}', '{"$literal": 7}', "{", "", b"\xff", "[" * 100_000],
)
def test_malformed_text_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is the contract, not the words
        strict_json.loads(text)


def test_what_json_cannot_say_is_a_value_error() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (object(), {1: 2}, deep):
        with pytest.raises(ValueError):  # noqa: PT011 - the kind is the contract, not the words
            strict_json.dumps(value)
