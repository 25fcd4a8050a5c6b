"""Regular expressions of filters: the same answers as ``re``, at a bounded cost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janitor.emulator.patterns import Pattern, PatternError

ATOMS = ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\W", r"\b", r"\B", "^", "$", r"\s", r"\n"]
ATOMS += ["A", "_", "[a-c1]", "(?i:A)", r"\A", r"\Z"]
FLAGS = {
    "": 0,
    "i": re.IGNORECASE,
    "m": re.MULTILINE,
    "s": re.DOTALL,
    "im": re.IGNORECASE | re.MULTILINE,
    "x": re.VERBOSE,
}
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{2,}"]


def larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(smaller, smaller).map("".join),
        st.tuples(smaller, smaller).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(smaller, st.sampled_from(REPEATS)).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


PATTERNS = st.recursive(st.sampled_from(ATOMS), larger, max_leaves=6)
TEXTS = st.lists(st.text("abAB1 \n_c", min_size=1, max_size=7), min_size=1, max_size=8)


@given(PATTERNS, st.sampled_from(sorted(FLAGS)), TEXTS)
def test_a_pattern_matches_what_re_matches(text: str, options: str, subjects: list[str]) -> None:
    expected, found = re.compile(text, FLAGS[options]), Pattern(text, options)
    for subject in subjects:
        assert found.search(subject) == bool(expected.search(subject))
        assert found.fullmatch(subject) == bool(expected.fullmatch(subject))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(?=a)", "ASSERT"),
        (r"(a)\1", "GROUPREF"),
        ("a++", "POSSESSIVE"),
        ("(", "missing )"),
        ("a" * 2_000, "1000 characters"),
        ("a{1000000}", "too large"),
        ("(?:){1000000000}", "too large"),
        (7, "must be a string"),
    ],
)
def test_an_unsupported_pattern_is_refused(text: object, words: str) -> None:
    with pytest.raises(PatternError, match=re.escape(words)):
        Pattern(text)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(PatternError, match="unknown option 'z'"):
        Pattern("a", "z")


def test_a_pattern_with_too_many_states_for_its_texts_is_stopped() -> None:
    letters = "".join(f"{number:b}" for number in range(20_000))
    with pytest.raises(PatternError, match="too expensive"):
        Pattern("(0|1)*1(0|1){300}c").search(letters)
