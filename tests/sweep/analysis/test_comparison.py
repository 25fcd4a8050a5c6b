"""Equal sweeps are found to differ in at most 5 % of cases, and planted differences are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from janitor.sweep.analysis.comparison import compare, compare_all
from janitor.sweep.analysis.data import SweepData
from janitor.sweep.analysis.regression import as_document, as_junit
from tests.sweep.analysis.tables import drawn, row, sweep

Make = Callable[..., SweepData]


def search(seed: int, *, trials: int = 20, shift: float = 0.0, name: str = "s") -> SweepData:
    """A random search."""

    def value(params: Mapping[str, Any], random: Random) -> float:
        return 1 + (float(params["x"]) - 0.3) ** 2 + random.gauss(0, 0.05) + shift

    return drawn(trials, lambda random: {"x": random.random()}, value, seed=seed, name=name)


def grid(seed: int, *, trials: int = 20, shift: float = 0.0, name: str = "s") -> SweepData:
    """A grid: another sweep tries the same configurations."""
    random = Random(seed)
    values = [1 + (x / trials - 0.3) ** 2 + random.gauss(0, 0.05) + shift for x in range(trials)]
    return sweep([row(x, {"x": x}, value) for x, value in enumerate(values)], name=name)


def climb(seed: int, *, trials: int = 40) -> SweepData:
    """A search that learns: its trials depend on those before, as those of TPE do."""
    random = Random(seed)
    at, best, rows = (random.random(), random.random()), 9.0, []
    for index in range(trials):
        x, y = ((each + random.gauss(0, 0.1)) for each in at)
        value = (x - 0.3) ** 2 + (y - 0.6) ** 2 + random.gauss(0, 0.01)
        rows.append(row(index, {"x": x, "y": y}, value))
        if value < best:
            best, at = value, (x, y)
    return sweep(rows, is_adaptive=True)


@pytest.mark.parametrize("make", [search, grid, climb])
def test_of_1000_comparisons_of_equal_sweeps_at_most_50_find_a_difference(make: Make) -> None:
    found = sum(compare(make(2 * seed), make(2 * seed + 1)).is_different for seed in range(1_000))

    assert found <= 50


@pytest.mark.parametrize("make", [search, grid])
def test_a_planted_difference_is_found_nearly_always(make: Make) -> None:
    found = [compare(make(2 * seed), make(2 * seed + 1, shift=0.4)) for seed in range(100)]

    assert sum(one.is_different and (one.effect or 0) < 0 for one in found) >= 90
    assert not any(one.is_different and (one.effect or 0) > 0 for one in found)


def test_equal_configurations_are_compared_in_pairs() -> None:
    one = compare(grid(1, name="a"), grid(2, shift=-0.2, name="b"))

    assert one.test == "wilcoxon"
    assert one.pairs == 20
    assert one.winner == "b"
    assert one.verdict.startswith("b is better than a by ")
    assert compare(search(1), search(2)).test == "mann-whitney"


def test_results_are_compared_at_equal_budget() -> None:
    few, many = search(1, trials=10, name="few"), search(2, trials=200, name="many")
    one = compare(few, many)

    assert (one.first.budget, one.second.budget) == (10, 10)
    assert one.second.best == min(row.value or 0 for row in many.trials[:10])
    assert one.first.low is not None
    assert one.first.best is not None
    assert one.first.low >= one.first.best


def test_the_area_is_smaller_if_good_results_come_early() -> None:
    values = [float(each) for each in range(10, 0, -1)]
    late = sweep([row(i, {"x": i}, value) for i, value in enumerate(values)])
    early = sweep([row(i, {"x": i}, value) for i, value in enumerate(reversed(values))])
    one = compare(late, early)

    assert one.first.best == one.second.best == 1.0
    assert one.second.area == 1.0
    assert one.first.area == pytest.approx(5.5)


def test_high_values_are_better_where_the_goal_is_to_maximize() -> None:
    rows = [[row(i, {"x": i + add}, 7 * i % 20 + add) for i in range(20)] for add in (1.0, 50.0)]
    one = compare(sweep(rows[0], sign=1, name="a"), sweep(rows[1], sign=1, name="b"))

    assert one.winner == "b"
    assert one.loss_percent is not None
    assert one.loss_percent < 0


def test_a_shift_of_the_best_region_is_found() -> None:
    def at(place: float, seed: int) -> SweepData:
        return drawn(
            200,
            lambda random: {"x": random.random(), "y": random.random()},
            lambda params, random: (params["x"] - place) ** 2 + random.gauss(0, 0.01),
            seed=seed,
        )

    shifts = {each.parameter: each for each in compare(at(0.2, 1), at(0.8, 2)).shifts}

    assert shifts["x"].p < 0.001
    assert shifts["y"].p > 0.05


def test_too_few_results_are_not_compared() -> None:
    one = compare(search(1, trials=4), search(2))

    assert one.p is None
    assert not one.is_different
    assert "cannot be compared" in one.verdict


def test_a_search_that_learns_needs_more_results() -> None:
    assert "both need 30" in compare(climb(1, trials=29), climb(2)).verdict


def test_sweeps_with_other_goals_are_refused() -> None:
    with pytest.raises(ValueError, match="different metrics or goals"):
        compare(search(1), sweep([], sign=1))


def test_several_comparisons_are_corrected_for_their_number() -> None:
    alone = compare(grid(1), grid(2, shift=0.03))
    both = compare_all([grid(1), grid(2, shift=0.03), grid(3)])

    assert alone.p is not None
    assert both[0].p == pytest.approx(min(1.0, 2 * alone.p))


def test_a_regression_is_worse_by_more_than_the_limit_and_beyond_luck() -> None:
    worse = compare(grid(1), grid(2, shift=0.1))
    noisy = compare(grid(1), grid(2))

    assert worse.is_regression(2)
    assert not worse.is_regression(50)
    assert not compare(grid(1), grid(2, shift=-0.1)).is_regression(2)
    assert not noisy.is_regression(0)
    suite = ET.fromstring(as_junit([worse, noisy], 2)).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [each["regression"] for each in as_document([worse, noisy], 2)["comparisons"]] == [
        True,
        False,
    ]
