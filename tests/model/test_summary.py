from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from janitor.model.summary import (
    ABSENT,
    DEEPEST,
    Form,
    differences,
    digest,
    dump,
    edited,
    findings,
    form_of,
    get,
    parse,
    places,
    read,
    same,
    same_or_absent,
)

BOTH = {"protein.state": "running", "protein": {"state": "running"}}


def deep(levels: int) -> dict[str, Any]:
    """An object so many levels deep, itself the first."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


# ---- text -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, "", "  \n", "null", "{}"])
def test_nothing_is_an_empty_summary(text: str | None) -> None:
    assert parse(text) == {}


def test_bare_numbers_that_are_not_finite_are_read_and_written_back() -> None:
    summary = parse('{"a": NaN, "b": Infinity, "c": -Infinity}')
    assert math.isnan(summary["a"])
    assert summary["b"] == -summary["c"] == math.inf
    assert dump(summary) == '{"a": NaN, "b": Infinity, "c": -Infinity}'


NUMBERS = (
    *("1e400", "-1E400", "1e-400", "0.1000000000000000055", "123456789012345678.0", "-0", "-0.0"),
    *("12345678901234567890123", "1e5", "1E+2", "0.50", "1e-07", "1e-7", "2.5e0"),
)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_is_written_back_in_its_own_digits(number: str) -> None:
    text = f'{{"a": {number}, "b": [[{number}], {{"c": {number}}}], "d": "\\ud800 {number}"}}'
    assert dump(parse(text)) == text
    assert dump(copy.deepcopy(parse(text))) == text
    assert same(parse(text), parse(dump(parse(text))))
    assert digest(parse(text)) == digest(parse(dump(parse(text))))


@pytest.mark.parametrize(
    ("left", "right", "are_same"),
    [
        ("1e400", "Infinity", False),
        ("1e400", "1e401", False),
        ("0.1000000000000000055", "0.1", True),
        ("9007199254740993", "9007199254740992.0", False),
        ("9007199254740992", "9007199254740992.0", True),
        ("-0", "0", True),
        ("1", "1.0", True),
    ],
)
def test_numbers_are_the_same_if_no_digit_that_a_float_holds_is_lost(
    left: str,
    right: str,
    are_same: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    one, other = parse(f'{{"a": {left}}}'), parse(f'{{"a": {right}}}')
    assert same(one, other) is same(other, one) is are_same
    assert (digest(one) == digest(other)) is are_same


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 123456789012345678901234567890}',
        '{"n": -0.0, "m": 0.1, "k": 1e+22, "j": 5e-324}',
        '{"\\u00fc": "\\ud83d\\ude00", "\\ud800": "\\udfff"}',
        '{"": "", "a.b": {"a.b": [[], {}, null, true, false, [1, 1.0]]}}',
        '{"protein.state": "running", "protein": {"state": "running"}}',
    ],
)
def test_what_is_read_is_written_back_as_it_was(text: str) -> None:
    assert dump(parse(text)) == text


def test_unicode_keys_are_kept() -> None:
    assert parse('{"größe \N{SNOWMAN}": 1}') == {"größe \N{SNOWMAN}": 1}


@pytest.mark.parametrize(
    ("text", "name"),
    [("[]", "list"), ('"x"', "string"), ("1", "number"), ("NaN", "number"), ("true", "boolean")],
)
def test_what_is_not_an_object_is_refused_by_name(text: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"it is a JSON {name}, not an object"):
        parse(text)


@pytest.mark.parametrize("text", ["{", "{'a': 1}", "{}x", "undefined", '{"a": 1,}', "\ufeff{}"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="digits"):
        parse('{"n": ' + "9" * 5000 + "}")


def test_a_summary_may_be_a_hundred_levels_deep_and_no_more() -> None:
    assert parse(json.dumps(deep(DEEPEST))) == deep(DEEPEST)
    for levels in (DEEPEST + 1, 400, 900):
        with pytest.raises(ValueError, match="nested more than 100 levels deep"):
            parse(json.dumps(deep(levels)))
    with pytest.raises(ValueError, match="nested"):
        parse('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")


def test_many_objects_side_by_side_are_not_deep() -> None:
    wide = {"rows": [{"a": [1]} for _ in range(5000)]}
    assert parse(json.dumps(wide)) == wide


def test_the_deepest_summary_can_be_compared() -> None:
    one, other = deep(DEEPEST), deep(DEEPEST)
    assert same(one, other)
    assert list(differences(one, other)) == []


# ---- forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("summary", "form"),
    [
        ({"protein.state": "running"}, Form.FLAT),
        ({"protein": {"state": "running"}}, Form.NESTED),
        (BOTH, Form.BOTH),
        ({"protein.state": None}, Form.FLAT),
        ({"protein.state": "running", "protein": {"objective": 1}}, Form.FLAT),
        ({"protein.objective": 1, "protein": {"state": 1}}, Form.NESTED),
        ({"protein": {"objective": 1}, "protein.objective": 1}, None),
        ({"protein": ["state"]}, None),
        ({}, None),
    ],
)
def test_the_form_is_where_the_state_stands(summary: dict[str, Any], form: Form | None) -> None:
    assert form_of(summary, "protein") is form


def test_a_name_has_a_place_in_each_form_and_the_state_two_where_both_are() -> None:
    assert places(Form.FLAT, "p", "janitor.rule") == (("p.janitor.rule",),)
    assert places(Form.NESTED, "p", "janitor.rule") == (("p", "janitor", "rule"),)
    assert places(Form.BOTH, "p", "janitor.rule") == (("p.janitor.rule",),)
    assert places(Form.BOTH, "p", "state") == (("p.state",), ("p", "state"))


def test_a_name_is_read_in_the_form_of_the_state_first() -> None:
    here, there = {"p.state": 1, "p.x": "flat"}, {"p": {"x": "nested"}}
    assert read(here | there, "p", "x") == "flat"
    assert read({"p.x": "flat", "p": {"state": 1, "x": "nested"}}, "p", "x") == "nested"
    assert read({"p.state": 1, **there}, "p", "x") == "nested"
    assert read({"p.state": 1}, "p", "x") is ABSENT


def test_a_dotted_name_can_mean_a_flat_and_a_nested_key() -> None:
    assert findings({"a.b": 1, "a": {"b": 2}}, "a.b") == (1, 2)
    assert findings({"a": {"b.c": 1}}, "a.b.c") == (ABSENT, ABSENT)
    assert findings({"loss": 1}, "loss") == (1, 1)


# ---- edits ----------------------------------------------------------------------------------


def test_edits_set_and_remove_and_leave_the_original_alone() -> None:
    summary = {"a": {"b": 1, "c": 2}, "d": 3}
    assert edited(summary, {("a", "b"): 9, ("d",): ABSENT, ("e", "f"): 5}) == {
        "a": {"b": 9, "c": 2},
        "e": {"f": 5},
    }
    assert summary == {"a": {"b": 1, "c": 2}, "d": 3}


def test_an_object_goes_with_the_last_key_that_is_removed_from_it() -> None:
    summary = {"p": {"state": 1, "janitor": {"rule": 2}}}
    assert edited(summary, {("p", "janitor", "rule"): ABSENT}) == {"p": {"state": 1}}
    assert edited(summary, {("p", "state"): ABSENT, ("p", "janitor", "rule"): ABSENT}) == {}


@pytest.mark.parametrize("path", [("x",), ("x", "y"), ("p", "x", "y"), ("p", "s", "y"), ("e", "y")])
def test_removing_what_is_not_there_changes_nothing(path: tuple[str, ...]) -> None:
    summary: dict[str, Any] = {"p": {"s": 1}, "e": {}}
    assert edited(summary, {path: ABSENT}) == summary


@pytest.mark.parametrize("in_the_way", [None, 1, "text", [1], True])
def test_what_is_not_an_object_is_never_replaced_by_one(in_the_way: Any) -> None:
    with pytest.raises(ValueError, match="'p' is in use"):
        edited({"p": in_the_way}, {("p", "state"): "success"})


# ---- comparing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (0, -0.0),
        (math.nan, math.nan),
        (math.inf, math.inf),
        (10**20, 1e20),
        ([1, {"a": math.nan}], [1.0, {"a": math.nan}]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (None, None),
        ("\ud800", "\ud800"),
    ],
)
def test_values_are_the_same_by_value(left: Any, right: Any) -> None:
    assert same(left, right)
    assert same(right, left)
    assert digest({"x": left}) == digest({"x": right})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (0, False),
        (0, None),
        ("1", 1),
        ("", None),
        (math.inf, -math.inf),
        (math.nan, 0),
        (10**400, math.inf),
        (10**30, 10**30 + 1),
        ([1], [1, 2]),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({}, []),
        (ABSENT, "absent"),
    ],
)
def test_values_that_differ_are_distinguished(left: Any, right: Any) -> None:
    assert not same(left, right)
    assert not same(right, left)
    assert not same_or_absent(left, right)
    assert digest({"x": left}) != digest({"x": right}) or left is ABSENT


def test_nothing_is_only_the_same_as_nothing() -> None:
    assert same_or_absent(ABSENT, ABSENT)
    assert not same_or_absent(ABSENT, None)
    assert get({"a": None}, ("a",)) is None
    assert get({"a": None}, ("a", "b")) is ABSENT


def test_differences_are_named_by_their_places() -> None:
    left = {"a": {"b": 1, "c": {"d": 1}}, "same": [1], "gone": None}
    right = {"a": {"b": 2, "c": {"d": 1.0}}, "same": [1.0], "new": 0}
    assert {path: (was, now) for path, was, now in differences(left, right)} == {
        ("a", "b"): (1, 2),
        ("gone",): (None, ABSENT),
        ("new",): (ABSENT, 0),
    }
