"""Grid and random: nothing is repeated, nothing is missing, and both end exactly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from janitor.model.ledger_items import Fix
from janitor.sweep.config.parameters import Parameters
from janitor.sweep.config.space import Space, canonical
from janitor.sweep.optimizers import GridSearchOptimizer, RandomOptimizer
from janitor.sweep.ports import Exhausted, Optimizer, Suggestion
from janitor.sweep.seeds import Numbers
from tests.sweep.ledgers import Building


def space_of(**parameters: Any) -> Space:
    found = Parameters(parameters)
    assert found.problems == []
    return found.space


def exhaust(optimizer: Optimizer, most: int = 300) -> list[dict[str, Any]]:
    """All suggestions, each asked from a ledger with those before it."""
    building = Building()
    found: list[dict[str, Any]] = []
    while len(found) < most:
        answer = optimizer.suggest(building.ledger, len(found))
        if isinstance(answer, Exhausted):
            return found
        assert isinstance(answer, Suggestion)
        found.append(dict(answer.params))
        building.launch(len(found) - 1, answer.params)
    return found


def test_the_grid_follows_the_file_and_the_last_parameter_changes_fastest() -> None:
    space = space_of(b={"values": ["x", "y"]}, a={"min": 1, "max": 3})

    found = exhaust(GridSearchOptimizer(space))

    assert [(each["b"], each["a"]) for each in found] == [
        ("x", 1), ("x", 2), ("x", 3), ("y", 1), ("y", 2), ("y", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        ({"min": 1, "max": 3}, [1, 2, 3]),
        ({"distribution": "q_uniform", "min": 0, "max": 0.3, "q": 0.1}, [0.0, 0.1, 0.2, 0.3]),
        ({"min": 0.0, "max": 1.0, "points": 3}, [0.0, 0.5, 1.0]),
        ({"distribution": "log_uniform_values", "min": 1, "max": 4, "points": 3}, [1, 2, 4]),
        ({"values": [1, 1, True, 1.0, None, [1], {"a": 2}]}, [1, True, 1.0, None, [1], {"a": 2}]),
        ({"value": 7}, [7]),
    ],
)
def test_a_grid_includes_both_bounds_and_each_value_once(
    parameter: dict[str, Any], values: list[Any]
) -> None:
    found = [each["x"] for each in exhaust(GridSearchOptimizer(space_of(x=parameter)))]

    assert found == (pytest.approx(values) if isinstance(found[0], float) else values)
    assert [type(one) for one in found if isinstance(one, bool)] == [
        bool for one in values if isinstance(one, bool)
    ]


def test_conditional_parameters_exist_only_where_their_condition_holds() -> None:
    space = space_of(
        opt={"values": ["adam", "sgd"]},
        beta={"values": [0.9, 0.99], "when": {"opt": "adam"}},
    )

    assert exhaust(GridSearchOptimizer(space)) == [
        {"opt": "adam", "beta": 0.9},
        {"opt": "adam", "beta": 0.99},
        {"opt": "sgd"},
    ]
    assert space.size == 3


def test_coupled_parameters_change_together() -> None:
    space = space_of(
        batch={"values": [16, 32], "zip": "size"}, lr={"values": [0.1, 0.2], "zip": "size"}
    )

    assert exhaust(GridSearchOptimizer(space)) == [
        {"batch": 16, "lr": 0.1},
        {"batch": 32, "lr": 0.2},
    ]
    drawn = space.sample(Numbers("any"))
    assert drawn["lr"] == {16: 0.1, 32: 0.2}[drawn["batch"]]


def test_nested_parameters_arrive_nested() -> None:
    space = space_of(model={"parameters": {"width": {"values": [1, 2]}, "depth": {"value": 3}}})

    assert exhaust(GridSearchOptimizer(space)) == [
        {"model": {"width": 1, "depth": 3}},
        {"model": {"width": 2, "depth": 3}},
    ]


def test_points_of_the_file_come_first_and_are_not_repeated() -> None:
    space = space_of(x={"values": [1, 2, 3]})

    found = exhaust(GridSearchOptimizer(space, [{"x": 3}, {"x": 9}]))

    assert [each["x"] for each in found] == [3, 9, 1, 2]


def test_a_fixed_parameter_has_one_value_from_there_on() -> None:
    building = Building()
    building.add(Fix("y", 5, "it does not matter"))
    space = space_of(x={"values": [1, 2]}, y={"values": [1, 2]})

    answer = GridSearchOptimizer(space).suggest(building.ledger, 0)

    assert isinstance(answer, Suggestion)
    assert answer.params == {"x": 1, "y": 5}


values = st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(values, min_size=1, max_size=3),
    st.integers(0, 1000),
    st.sampled_from(["grid", "random"]),
)
def test_a_finite_space_is_searched_completely_and_without_repeats(
    lists: list[list[int]], seed: int, kind: str
) -> None:
    space = space_of(**{f"p{number}": {"values": each} for number, each in enumerate(lists)})
    optimizer: Optimizer = (
        RandomOptimizer(space, seed=seed) if kind == "random" else GridSearchOptimizer(space)
    )

    found = [canonical(each) for each in exhaust(optimizer)]

    assert len(found) == len(set(found)) == space.size
    assert found == [canonical(each) for each in exhaust(optimizer)]


@pytest.mark.parametrize(
    ("parameter", "low", "high"),
    [
        ({"min": 0.0, "max": 2.0}, 0, 2),
        ({"min": 1, "max": 6}, 1, 6),
        ({"distribution": "log_uniform", "min": 0, "max": 1}, 1, 2.7183),
        ({"distribution": "inv_log_uniform_values", "min": 1, "max": 10}, 1, 10),
        ({"distribution": "log_uniform_values", "min": 0.001, "max": 1}, 0.001, 1),
        ({"distribution": "beta", "a": 2, "b": 5}, 0, 1),
        ({"distribution": "normal"}, -9, 9),
        ({"distribution": "q_log_normal", "q": 0.5}, 0, 9000),
    ],
)
def test_draws_stay_in_bounds_and_differ(
    parameter: dict[str, Any], low: float, high: float
) -> None:
    space = space_of(x=parameter)

    drawn = [space.sample(Numbers("seed", number))["x"] for number in range(200)]

    assert all(low <= each <= high for each in drawn)
    assert len(set(drawn)) > 3


def test_draws_have_the_distribution_that_they_should_have() -> None:
    normal = space_of(x={"distribution": "normal", "mu": 3, "sigma": 2})
    weighted = space_of(x={"values": [0, 1], "probabilities": [0.25, 0.75]})

    draws = [normal.sample(Numbers("n", number))["x"] for number in range(4000)]
    ones = sum(weighted.sample(Numbers("w", number))["x"] for number in range(4000))

    assert sum(draws) / 4000 == pytest.approx(3, abs=0.15)
    assert ones / 4000 == pytest.approx(0.75, abs=0.03)
