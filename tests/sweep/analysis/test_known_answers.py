"""The analysis finds what was planted, and nothing where nothing was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from janitor.sweep.analysis.analysis import analyze
from janitor.sweep.analysis.best import best_configurations
from janitor.sweep.analysis.effects import effects, interactions
from janitor.sweep.analysis.failures import failing_regions
from janitor.sweep.analysis.importance import importance_of
from janitor.sweep.analysis.progress import convergence, cost_shares, stopping
from tests.sweep.analysis.tables import drawn, row, sweep


def draw(random: Random) -> dict[str, Any]:
    return {
        "lr": 10 ** random.uniform(-5, -1),
        "decay": random.random(),
        "optimizer": random.choice(["adam", "sgd"]),
        "layers": random.randint(1, 9),
    }


def planted(params: Mapping[str, Any], random: Random) -> float:
    """The rate matters most, then the decay; the rest does nothing."""
    rate = (math.log10(params["lr"]) + 3) ** 2
    return rate + 0.5 * float(params["decay"]) + random.gauss(0, 0.05)


LOGS = frozenset({"lr"})


def test_planted_importance_is_found_in_its_order() -> None:
    shares = importance_of(drawn(400, draw, planted, logs=LOGS))

    assert list(shares)[:2] == ["lr", "decay"]
    assert shares["lr"] > 0.5
    assert shares["optimizer"] + shares["layers"] < 0.1
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize("sign", [1, -1])
def test_importance_is_about_good_results(sign: int) -> None:
    def value(params: Mapping[str, Any], random: Random) -> float:
        good = sign * float(params["x"] > 0.9)  # only the best tenth
        bad = -sign * float(params["y"] > 0.5) * 0.01
        return good + bad + random.gauss(0, 0.001)

    found = drawn(500, lambda r: {"x": r.random(), "y": r.random()}, value, sign=sign)

    assert next(iter(importance_of(found))) == "x"


def test_importance_of_a_few_trials_is_not_invented() -> None:
    assert importance_of(drawn(19, draw, planted)) == {}


def test_a_parameter_that_a_condition_removes_has_an_importance() -> None:
    def conditional(random: Random) -> dict[str, Any]:
        name = random.choice(["adam", "sgd"])
        return {"name": name, **({"beta": random.random()} if name == "adam" else {})}

    def value(params: Mapping[str, Any], random: Random) -> float:
        return float(params.get("beta", 1.0)) + random.gauss(0, 0.01)

    shares = importance_of(drawn(300, conditional, value))

    assert shares["beta"] > 0.2


def test_planted_effects_are_found_and_others_are_not() -> None:
    found = {each.parameter: each for each in effects(drawn(300, draw, planted, logs=LOGS))}

    assert found["lr"].p < 1e-6
    assert found["decay"].correlation is not None
    assert found["decay"].correlation > 0
    assert found["optimizer"].p > 0.05
    assert found["layers"].p > 0.05
    low, high = (float(word) for word in found["lr"].best.split(" to "))
    assert low < 1e-3 < high


def test_an_interaction_is_found_only_where_it_was_planted() -> None:
    def value(params: Mapping[str, Any], random: Random) -> float:
        both = (params["decay"] > 0.5) == (params["optimizer"] == "adam")
        return float(both) + random.gauss(0, 0.2)

    data = drawn(400, draw, value)
    found = interactions(data, effects(data))

    assert {found[0].first, found[0].second} == {"decay", "optimizer"}
    assert found[0].p < 1e-6
    assert all(each.p > 0.05 for each in found[1:])


def test_effects_without_any_are_found_in_at_most_one_of_twenty_sweeps() -> None:
    significant = 0
    for seed in range(200):
        data = drawn(40, draw, lambda _, random: random.gauss(0, 1), seed=seed)
        significant += any(each.p < 0.05 for each in effects(data))

    assert significant <= 10


def test_with_repeats_the_best_is_certain_only_if_it_is_far_ahead() -> None:
    def repeated(gap: float) -> Any:
        random = Random(3)
        means = [0.0, gap, gap, gap]
        return sweep(
            [
                row(index, {"x": index}, mean + random.gauss(0, 0.1), repeat=repeat)
                for index, mean in enumerate(means)
                for repeat in range(5)
            ]
        )

    clear, close = best_configurations(repeated(1.0)), best_configurations(repeated(0.0))

    assert clear.configurations[0].params == {"x": 0}
    assert clear.noise_from == "repeats"
    assert clear.noise == pytest.approx(0.1, rel=0.5)
    assert clear.certainty == 1
    assert clear.as_good == 0
    assert close.as_good >= 2
    assert close.certainty is not None
    assert close.certainty < 1


def test_the_interval_of_a_mean_contains_it_in_95_percent_of_sweeps() -> None:
    inside = 0
    for seed in range(100):
        random = Random(seed)
        rows = [
            row(index, {"x": index}, random.gauss(index, 1), repeat=repeat)
            for index in range(4)
            for repeat in range(3)
        ]
        one = next(
            each
            for each in best_configurations(sweep(rows)).configurations
            if each.params == {"x": 2}
        )
        assert one.low is not None
        assert one.high is not None
        inside += one.low <= 2 <= one.high

    assert 0.88 <= inside / 100 <= 0.99


def test_without_repeats_noise_is_estimated_from_neighbours() -> None:
    data = drawn(200, lambda r: {"x": r.random()}, lambda p, r: p["x"] + r.gauss(0, 0.1))
    best = best_configurations(data)

    assert best.noise_from == "neighbours"
    assert best.noise == pytest.approx(0.1, rel=0.3)
    assert best_configurations(drawn(5, draw, planted)).noise_from == "unknown"


def test_the_bound_from_which_all_trials_fail_is_found() -> None:
    def value(params: Mapping[str, Any], random: Random) -> float | None:
        return None if params["lr"] > 0.02 else planted(params, random)

    found = failing_regions(drawn(200, draw, value, logs=LOGS))

    assert found[0].only_fails
    (name, words), *_ = found[0].bounds
    assert name == "lr"
    assert words.startswith("≥ ")
    assert 0.02 < float(words[2:]) < 0.03
    assert {bound[0] for region in found for bound in region.bounds} == {"lr"}


def test_a_category_and_a_pair_that_only_fail_are_found() -> None:
    def bad(params: Mapping[str, Any], random: Random) -> float | None:
        pair = params["optimizer"] == "sgd" and params["decay"] > 0.75
        return None if pair else planted(params, random)

    found = failing_regions(drawn(400, draw, bad))

    assert any(
        region.only_fails and {name for name, _ in region.bounds} == {"optimizer", "decay"}
        for region in found
    )


def test_failures_everywhere_have_no_region() -> None:
    found = 0
    for seed in range(20):
        data = drawn(200, draw, lambda _, r: None if r.random() < 0.2 else r.random(), seed=seed)
        found += bool(failing_regions(data))

    assert found <= 1


def test_more_trials_gain_little_at_the_end_and_much_at_the_start() -> None:
    few, many = (
        convergence(drawn(count, lambda r: {"x": r.random()}, lambda _, r: r.gauss(0, 1)))
        for count in (20, 2_000)
    )

    assert few.gain is not None
    assert many.gain is not None
    assert few.gain > 5 * many.gain


def test_the_predicted_gain_is_right_on_average() -> None:
    predicted = actual = 0.0
    for seed in range(300):
        data = drawn(60, lambda r: {"x": r.random()}, lambda _, r: r.gauss(0, 1), seed=seed)
        before = sweep(data.trials[:40])
        best, later = before.best(), data.best()
        assert best is not None
        assert later is not None
        predicted += convergence(before, 20).gain or 0.0
        actual += (best.value or 0.0) - (later.value or 0.0)

    assert predicted == pytest.approx(actual, rel=0.35)


def test_early_stopping_saved_what_was_not_trained_and_missed_little() -> None:
    random = Random(1)
    rows = []
    for index in range(40):
        final = index / 40
        early = final + random.gauss(0, 0.02)
        is_stopped = index >= 20
        rows.append(
            row(
                index,
                {"x": index},
                None if is_stopped else final,
                outcome="pruned" if is_stopped else "complete",
                seconds=10 if is_stopped else 100,
                rungs=[(1.0, early)],
            )
        )
    found = stopping(sweep(rows, gpus=2))

    assert found is not None
    assert found.stopped == 20
    assert found.seconds_saved == 20 * 90
    assert found.gpu_hours_saved == 20 * 90 * 2 / 3600
    assert found.would_have_won is not None
    assert found.would_have_won < 0.001


def test_a_stop_that_missed_the_best_is_seen() -> None:
    rows = [row(i, {"x": i}, 1 + i / 10, rungs=[(1.0, 2 + i / 10)]) for i in range(10)]
    rows.append(row(10, {"x": 10}, None, outcome="pruned", rungs=[(1.0, 1.0)]))
    found = stopping(sweep(rows))

    assert found is not None
    assert found.would_have_won == pytest.approx(1)
    assert found.regret == pytest.approx(1, rel=0.01)


def test_an_empty_sweep_and_one_of_failures_can_be_analyzed() -> None:
    for data in (sweep([]), sweep([row(0, {"x": 1}, None)])):
        found = analyze(data)
        assert found.best.configurations == ()
        assert found.as_json()["convergence"]["gain"] is None
    assert cost_shares(sweep([])) == []


def test_values_that_are_all_equal_or_infinite_break_nothing() -> None:
    rows = [row(i, {"x": i, "y": [i % 2]}, 1.0) for i in range(30)]
    assert analyze(sweep(rows)).best.configurations[0].mean == 1.0
    rows = [row(i, {"x": float("inf") if i else 1.0}, float(i)) for i in range(30)]
    assert analyze(sweep(rows)).best.configurations[0].mean == 0.0
