"""Rung tables, and how many trials of a rung are kept, as papers and other systems publish them."""

from __future__ import annotations

import pytest

from janitor.sweep.levels import levels_of
from janitor.sweep.schedulers.brackets import bracket_of, size_of
from janitor.sweep.schedulers.rungs import kept


@pytest.mark.parametrize(
    ("least", "most", "eta", "expected"),
    [
        pytest.param(1, 9, 3, [1, 3, 9], id="ASHA paper, Table 1"),
        pytest.param(1, 256, 4, [1, 4, 16, 64, 256], id="ASHA paper, section 4.1"),
        pytest.param(1, 81, 3, [1, 3, 9, 27, 81], id="Hyperband paper, Table 1"),
        pytest.param(3, 27, 3, [3, 9, 27], id="Syne Tune test_register_pending"),
        pytest.param(1, 9, 3, [1, 3, 9], id="Determined TestMakeRungs 9"),
        pytest.param(100, 900, 3, [100, 300, 900], id="Determined TestMakeRungs 900"),
        pytest.param(9, 9, 3, [9], id="Determined TestMakeRungs, one rung"),
        pytest.param(1, 16, 4, [1, 4, 16], id="Orion test_compute_budgets 16"),
        pytest.param(5, 125, 5, [5, 25, 125], id="Orion test_compute_budgets 125"),
        pytest.param(1, 16, 2, [1, 2, 4, 8, 16], id="Orion test_compute_budgets, five rungs"),
        pytest.param(1, 8, 2, [1, 2, 4, 8], id="Optuna test_first_trial_is_not_pruned"),
        pytest.param(2, 200, 3, [2, 6, 18, 54, 162, 200], id="Syne Tune geometric(2, 200, 3)"),
        pytest.param(1, 243, 3, [1, 3, 9, 27, 81, 243], id="243: Ray and Syne Tune lose a rung"),
        pytest.param(1, 1000, 10, [1, 10, 100, 1000], id="1000: Ray and Syne Tune lose a rung"),
        pytest.param(1, 10**6, 10, [10**k for k in range(7)], id="10^6: Ray loses a rung"),
        pytest.param(1, 125, 5, [1, 5, 25, 125], id="125: log(125, 5) is below 3"),
        pytest.param(1, 30, 4, [1, 4, 16, 30], id="a whole training that is not a power"),
        pytest.param(2.5, 22.5, 3, [2.5, 7.5, 22.5], id="Ray testAsyncHBGracePeriod"),
        pytest.param(0.1, 2.7, 3, [0.1, 0.3, 0.9, 2.7], id="tenths are exact"),
        pytest.param(1, 10, 2.5, [1, 2.5, 6.25, 10], id="η that is not whole"),
        pytest.param(7, 7, 3, [7], id="no rung below the whole training"),
    ],
)
def test_the_rungs_are_those_of_the_source(
    least: float, most: float, eta: float, expected: list[float]
) -> None:
    assert list(levels_of(least, most, eta)) == expected


@pytest.mark.parametrize("eta", range(2, 12))
def test_no_power_loses_a_rung(eta: int) -> None:
    for power in range(12):
        assert len(levels_of(1, eta**power, eta)) == power + 1


@pytest.mark.parametrize(
    ("count", "eta", "floor", "wider"),
    [
        pytest.param(1, 3, 0, 1, id="one"),
        pytest.param(2, 3, 0, 1, id="two"),
        pytest.param(3, 3, 1, 2, id="W&B and Syne Tune keep 2 of 3"),
        pytest.param(6, 3, 2, 3, id="and 3 of 6"),
        pytest.param(9, 3, 3, 4, id="nine"),
        pytest.param(27, 3, 9, 10, id="Orion test_update_rungs_return_candidates"),
        pytest.param(5, 2, 2, 3, id="W&B test_5runs_band1_stop_2"),
        pytest.param(49, 49, 1, 2, id="49 * (1 / 49) is below 1"),
        pytest.param(5, 2.5, 2, 3, id="η that is not whole"),
    ],
)
def test_so_many_trials_are_kept(count: int, eta: float, floor: int, wider: int) -> None:
    assert kept(count, eta, "floor") == floor
    assert kept(count, eta, "wandb") == kept(count, eta, "syne-tune") == wider


@pytest.mark.parametrize(
    ("rungs", "eta", "sizes"),
    [
        pytest.param(5, 3, [81, 34, 15, 8, 5], id="Ray schedulerSetup, R = 81"),
        pytest.param(4, 10, [1000, 134, 20, 4], id="Ray testConfigSameEta, R = 1000"),
        pytest.param(3, 4, [16, 6, 3], id="Orion test_compute_budgets(16, 4), but ⌈6⌉"),
        pytest.param(1, 3, [1], id="Ray testConfigSameEtaSmall"),
    ],
)
def test_brackets_begin_with_so_many_trials(rungs: int, eta: float, sizes: list[int]) -> None:
    assert [size_of(bracket, rungs, eta) for bracket in range(rungs)] == sizes


def test_brackets_are_drawn_by_hash_with_their_sizes_as_weights() -> None:
    drawn = [bracket_of(f"s-{index:04d}", 3, 5, 3) for index in range(13_000)]

    assert drawn == [bracket_of(f"s-{index:04d}", 3, 5, 3) for index in range(13_000)]
    shares = [drawn.count(bracket) / len(drawn) for bracket in range(3)]
    assert shares == pytest.approx([81 / 130, 34 / 130, 15 / 130], abs=0.015)


def test_one_bracket_has_every_trial() -> None:
    assert {bracket_of(f"s-{index:04d}", 1, 5, 3) for index in range(50)} == {0}
