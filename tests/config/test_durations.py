from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janitor.config import format_duration, parse_duration
from janitor.config.durations import LONGEST

durations = st.timedeltas(min_value=timedelta(0), max_value=LONGEST)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        (" 1d2h3m4.5s ", 93784.5),
        ("1.5h", 5400),
        ("90", 90),
        ("0", 0),
        (30, 30),
        (0.25, 0.25),
        (timedelta(seconds=5), 5),
    ],
)
def test_durations_are_read_as_people_write_them(written: Any, seconds: float) -> None:
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "abc", "nan", "inf", "5 minutes", "1w", "1mm", "5M", "1h1h", "30m1h", "1e3"),
        *("1:30", "1h-30m", "s", ".", "1..5s", "\u0661s", "0x10", "--5s", "5,5s", "1h\n30m"),
        *(math.nan, math.inf, -math.inf, None, True, [], {}, object()),
    ],
)
def test_what_is_not_a_duration_is_refused_with_examples(written: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration such as 90s, 30m, 2h, 1d or 1h30m"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["-5m", "-1", -1, -0.5, -1e300, "-99999999999d"])
def test_a_negative_duration_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"^must not be negative"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["3651d", 1e300, 10**30, "9" * 500 + "d", "9" * 5000])
def test_an_absurdly_long_duration_is_refused_in_a_short_sentence(written: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be at most 3650d \(ten years\)") as caught:
        parse_duration(written)
    assert len(str(caught.value)) < 200


@given(durations)
def test_what_is_printed_is_read_as_the_same_duration(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(durations, durations)
def test_two_durations_are_printed_alike_only_if_they_are_equal(
    one: timedelta, other: timedelta
) -> None:
    assert (format_duration(one) == format_duration(other)) == (one == other)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.binary(), st.booleans()))
def test_whatever_is_written_is_a_duration_within_bounds_or_a_short_value_error(
    written: Any,
) -> None:
    duration, complaint = attempt(written)
    assert timedelta(0) <= duration <= LONGEST
    assert "\n" not in complaint
    assert len(complaint) < 250


def attempt(written: Any) -> tuple[timedelta, str]:
    try:
        return parse_duration(written), ""
    except ValueError as error:
        return timedelta(0), str(error)


def test_an_integer_that_python_refuses_to_print_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"not a number too long to print$"):
        parse_duration(10**5000)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (90, "1m30s"),
        (1800, "30m"),
        (86400, "1d"),
        (90061.5, "1d1h1m1.5s"),
        (1e-6, "0.000001s"),
    ],
)
def test_durations_are_printed_short(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text
