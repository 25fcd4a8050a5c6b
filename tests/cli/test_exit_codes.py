from __future__ import annotations

from itertools import permutations

import pytest

from janitor.cli.exit_codes import PRECEDENCE, ExitCode, first_that_applies


def test_the_codes_are_those_that_the_manual_lists() -> None:
    assert [code.value for code in PRECEDENCE] == [130, 143, 2, 3, 1, 4, 5, 6, 0]
    assert set(PRECEDENCE) == set(ExitCode)


@pytest.mark.parametrize(("one", "other"), [*permutations(ExitCode, 2)])
def test_of_two_codes_the_first_in_the_list_counts(one: ExitCode, other: ExitCode) -> None:
    expected = one if PRECEDENCE.index(one) < PRECEDENCE.index(other) else other
    assert first_that_applies(one, other) is expected


def test_where_no_code_applies_all_is_well() -> None:
    assert first_that_applies() is ExitCode.DONE
