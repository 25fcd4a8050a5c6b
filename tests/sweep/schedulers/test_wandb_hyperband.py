"""W&B's early_terminate: the same runs are stopped as by W&B's own code.

The expected runs of each case were computed with the package ``sweeps`` 0.3.0. Cases named
``test_…`` are those of its tests (tests/test_hyperband_stopping.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from janitor.errors import ConfigError
from janitor.model.jobs import Report
from janitor.model.ledger_items import Stop
from janitor.sweep.config import SweepConfig
from janitor.sweep.levels import bands_from, bands_up_to
from janitor.sweep.reaching import Yardstick, points_in, reached, with_best
from janitor.sweep.schedulers import WandbHyperbandScheduler, scheduler_of
from tests.sweep.schedulers.playing import LIMITS, Play

BASE: dict[str, Any] = {
    "name": "s",
    "method": "random",
    "program": "train.py",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}
Run = tuple[bool, Sequence[Any]]
"""Whether it is running, and what it logged."""
DOWN, UP = [10 - i for i in range(10)], [10 + i for i in range(10)]
FIVE: list[Run] = [
    (False, [10, 9]),
    (True, [10, 10]),
    (True, [10, 8, 8]),
    (True, [10, 7, 7]),
    (False, [10, 6, 6]),
]
ETA_3: list[Run] = [
    (False, [10, 9]),
    (True, [10, 10]),
    (True, [10, 8, 8, 3]),
    (True, [10, 7, 7, 4]),
    (True, [10, 6, 6, 6]),
]


def config(early_terminate: Any, **others: Any) -> SweepConfig:
    document = {**BASE, "early_terminate": early_terminate, **others}
    return SweepConfig.from_document(document, Path("/"), "s")


def scheduler(goal: str = "minimize", **settings: Any) -> WandbHyperbandScheduler:
    found = scheduler_of(
        config({"type": "hyperband", **settings}, metric={"name": "loss", "goal": goal})
    )
    assert isinstance(found, WandbHyperbandScheduler)
    return found


def look(play: Play, index: int, values: Sequence[Any]) -> None:
    """Take in what a run has logged so far, as a step does."""
    rules = play.scheduler
    trial, sign = play.trial(index), play.limits.sign
    reports = [Report(None, {"loss": value}) for value in values]
    measured = list(Yardstick("loss", rules.resource).measured(reports))
    found = list(reached(trial, trial.newest, rules.milestones(trial), measured))
    if rules.keeps_best:
        found = with_best(trial, found, measured, sign)
    for one in found:
        play.building.add(one)


def stopped(rules: WandbHyperbandScheduler, runs: Sequence[Run]) -> list[int]:
    goal: Literal["minimize", "maximize"] = "maximize" if rules.sign == 1 else "minimize"
    limits = replace(LIMITS, goal=goal)
    play = Play(rules, slots=len(runs), trials=len(runs), limits=limits)
    play.step()
    for index, (is_running, values) in enumerate(runs):
        look(play, index, values)
        if not is_running:
            play.end(index)
    return [int(one.run[-4:]) for one in play.step() if isinstance(one, Stop)]


@pytest.mark.parametrize(
    ("settings", "goal", "runs", "strict", "conservative"),
    [
        pytest.param(
            {"min_iter": 3}, "minimize", [(True, [10] * 4), (True, DOWN)], [0], [0],
            id="test_hyperband_min_iter_bands",
        ),
        pytest.param(
            {"min_iter": 3}, "maximize", [(True, [10] * 4), (True, UP)], [0], [0],
            id="test_hyperband_min_iter_bands_max",
        ),
        pytest.param(
            {"max_iter": 81, "s": 3}, "minimize", [(True, [10] * 4), (True, DOWN)], [0], [0],
            id="test_hyperband_max_iter_bands",
        ),
        pytest.param(
            {"max_iter": 18, "s": 2}, "minimize", [(True, [10] * 4), (True, DOWN)], [0], [0],
            id="test_init_from_max_iter",
        ),
        pytest.param(
            {"max_iter": 18, "s": 2}, "minimize", [(True, DOWN)], [], [], id="test_single_run"
        ),
        pytest.param(
            {"max_iter": 18, "s": 2}, "minimize", [(True, [10, 10, 6]), (True, DOWN)], [0], [],
            id="test_2runs_band1_pass",
        ),
        pytest.param(
            {"max_iter": 5, "eta": 2, "s": 2}, "minimize", FIVE, [1], [1],
            id="test_5runs_band1_stop_2",
        ),
        pytest.param(
            {"max_iter": 5, "eta": 2, "s": 2}, "minimize", [(False, [10]), *FIVE[1:]], [1], [1],
            id="test_5runs_band1_stop_2_1stnoband",
        ),
        pytest.param({"max_iter": 9, "s": 2}, "minimize", ETA_3, [2], [], id="test_eta_3"),
        pytest.param(
            {"max_iter": 9, "s": 2},
            "maximize",
            [(is_running, [-value for value in values]) for is_running, values in ETA_3],
            [2],
            [],
            id="test_eta_3_max",
        ),
        pytest.param(
            {"min_iter": 2, "eta": 2},
            "minimize",
            [(True, [19.0, *["NaN"] * 5]), (True, [9.0, "NaN", 8.0]), (False, [6, 5, 4, 4])],
            [],
            [],
            id="NaN is not counted",
        ),
        pytest.param(
            {"min_iter": 2, "eta": 2},
            "minimize", [(True, [1.0, 9.0]), (True, [5, 2]), (True, [5, 3])], [0], [],
            id="worse at the band than before",
        ),
        pytest.param(
            {"min_iter": 2, "eta": 2},
            "minimize", [(True, [9.0, 9.0, 1.0]), (True, [5, 2]), (False, [5, 3])], [0], [],
            id="better after the band",
        ),
        pytest.param(
            {"min_iter": 1, "eta": 1.5},
            "minimize", [(True, [3] * 3), (True, [2] * 3), (True, [1] * 3), (True, [4])], [3], [3],
            id="bands that are equal when rounded",
        ),
        pytest.param(
            {"min_iter": 1},
            "minimize", [(True, [1.0]), (True, [2.0]), (True, [3.0])], [2], [2],
            id="two of three are kept",
        ),
        pytest.param(
            {"min_iter": 1}, "minimize", [(True, [float(i)]) for i in range(6)], [3, 4, 5],
            [3, 4, 5], id="three of six are kept",
        ),
        pytest.param(
            {"min_iter": 1}, "minimize", [(True, [1.0])] * 3 + [(True, [2.0])], [3], [3],
            id="equals are kept",
        ),
    ],
)  # fmt: skip
def test_the_same_runs_are_stopped_as_by_wandb(
    settings: dict[str, Any],
    goal: str,
    runs: Sequence[Run],
    strict: list[int],
    conservative: list[int],
) -> None:
    assert stopped(scheduler(goal, **settings), runs) == strict
    assert stopped(scheduler(goal, **settings, strict=False), runs) == conservative


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        (bands_from(3, 3)[:4], (3, 9, 27, 81)),
        (bands_from(1, 1.5)[:4], (1, 2, 3, 5)),
        (bands_up_to(81, 3, 3), (3, 9, 27)),
        (bands_up_to(18, 3, 2), (2, 6)),
        (bands_up_to(5, 2, 2), (1, 2)),
        (bands_up_to(9, 3, 9), (1, 3)),
        (bands_up_to(2, 3, 1), ()),
    ],
)
def test_the_bands_are_those_of_wandb(bands: tuple[float, ...], expected: tuple[int, ...]) -> None:
    assert bands == expected


def test_a_run_is_judged_again_when_the_others_got_better() -> None:
    """As W&B does, and unlike ASHA."""
    play = Play(scheduler(min_iter=1), slots=4, trials=4)
    play.step()
    look(play, 0, [1.0])
    assert play.step() == []
    for index in range(1, 4):
        look(play, index, [0.1])
    play.step()

    assert play.stopped() == {
        0: "loss = 1 is worse than 0.1, the threshold of 4 runs at iteration 1 (early_terminate)"
    }


def test_a_better_value_after_the_band_is_taken_in_only_without_strict() -> None:
    for strict in (True, False):
        play = Play(scheduler(min_iter=1, eta=4, strict=strict), slots=4, trials=4)
        play.step()
        look(play, 0, [1.0])
        number = play.ledger.number
        look(play, 0, [1.0, 0.05])
        look(play, 0, [1.0, 0.05, 0.07])
        assert play.ledger.number == number + (not strict)
        for index in range(1, 4):
            look(play, index, [0.1])
        play.step()
        assert play.stopped().keys() == ({0} if strict else set())


def test_points_of_earlier_attempts_count() -> None:
    reports = [Report(0, {"loss": value}) for value in (1.0, "NaN", True, None, 2)]

    assert points_in(reports, "loss") == 2
    assert list(Yardstick("loss", None).measured(reports, points=3)) == [(4, 1.0), (5, 2.0)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"type": "hyperband"}, "early_terminate needs min_iter, or max_iter and s"),
        ({"type": "hyperband", "max_iter": 27}, "early_terminate needs s with max_iter"),
        ({"type": "hyperband", "max_iter": 2, "s": 1}, "early_terminate has no band"),
        ({"type": "envelope"}, "early_terminate.type cannot be 'envelope'"),
        ({"type": "hyperband", "min_iter": 0}, "early_terminate.min_iter cannot be 0"),
        ({"type": "hyperband", "min_iter": 3, "mineta": 3}, "no setting 'mineta'"),
    ],
)
def test_settings_that_wandb_cannot_use_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(settings)


def test_two_rules_that_stop_trials_are_refused() -> None:
    with pytest.raises(ConfigError, match="both stop trials: remove one"):
        config(
            {"type": "hyperband", "min_iter": 3}, janitor={"scheduler": {"type": "asha", "max": 9}}
        )


def test_the_sequential_scheduler_keeps_its_one_slot() -> None:
    rules = scheduler_of(
        config({"type": "hyperband", "min_iter": 3}, janitor={"scheduler": {"type": "sequential"}})
    )

    assert isinstance(rules, WandbHyperbandScheduler)
    assert rules.slots(8) == 1
