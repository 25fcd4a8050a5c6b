"""ASHA, mode stop: who is stopped, as papers and tests of other systems say."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from janitor.model.jobs import Ending
from janitor.model.ledger_items import Stop
from janitor.sweep.schedulers import ASHAScheduler
from tests.sweep.schedulers.playing import Play

STOP = ASHAScheduler(9, mode="stop", metric="loss", resource="epoch")
HALVES = ASHAScheduler(16, eta=2, mode="stop", metric="loss")
NAN, INF = math.nan, math.inf


def stopped(scheduler: ASHAScheduler, *reports: tuple[int, float, float]) -> list[int]:
    """The trials that are stopped, in this order; a step follows each report."""
    play = Play(scheduler, slots=20)
    play.step()
    found = []
    for index, resource, value in reports:
        play.report(index, resource, value)
        found += [int(one.run[-4:]) for one in play.step() if isinstance(one, Stop)]
    return found


@pytest.mark.parametrize(
    ("scheduler", "reports", "expected"),
    [
        pytest.param(STOP, [(0, 1, 0.5)], [], id="Determined TestStopTrials, first"),
        pytest.param(STOP, [(0, 1, 0.5), (1, 1, 0.4)], [], id="Determined TestStopTrials, better"),
        pytest.param(STOP, [(0, 1, 0.5), (1, 1, 0.6)], [1], id="Determined TestStopTrials, worse"),
        pytest.param(
            replace(STOP, most=900, least=100),
            [(index, 100, 2.0 + index) for index in range(10)],
            list(range(1, 10)),
            id="Determined TestASHAStopping",
        ),
        pytest.param(
            HALVES, [(0, 1, 1), (1, 1, 2)], [1], id="Optuna intermediate_values, minimize"
        ),
        pytest.param(
            replace(HALVES, sign=1),
            [(0, 1, 1), (1, 1, 0.5)],
            [1],
            id="Optuna intermediate_values, maximize",
        ),
        pytest.param(
            HALVES,
            [(0, step, 1.0) for step in range(10)],
            [],
            id="Optuna first_trial_is_not_pruned",
        ),
        pytest.param(
            replace(HALVES, least=2), [(0, 1, NAN)], [], id="Optuna with_nan, no rung yet"
        ),
        pytest.param(replace(HALVES, least=2), [(0, 2, NAN)], [0], id="Optuna with_nan, at a rung"),
        pytest.param(
            replace(HALVES, most=3, sign=1),
            [(0, 2, 10), (1, 2, 8), (2, 2, 6), (3, 2, 4)],
            [1, 2, 3],
            id="Ray testAsyncHBNonStopTrials",
        ),
        pytest.param(
            replace(STOP, most=27, least=3),
            [(0, 3, 1.0), (1, 3, 0.9), (2, 3, 0.8), (3, 3, 1.2)],
            [3],
            id="Syne Tune test_register_pending",
        ),
        pytest.param(
            replace(STOP, most=27, least=3, keep="syne-tune"),
            [(0, 3, 1.0), (1, 3, 0.9), (2, 3, 0.8), (3, 3, 1.2)],
            [3],
            id="Syne Tune test_register_pending, its own rule",
        ),
        pytest.param(
            replace(STOP, most=90, least=2.5, sign=1),
            [(0, 3, 300), (1, 3, 450), (2, 3, 10)],
            [2],
            id="Ray testAsyncHBGracePeriod",
        ),
        pytest.param(
            replace(HALVES, most=10, sign=1),
            [(0, 1, 450), (1, 1, NAN), (2, 1, 260)],
            [1, 2],
            id="Ray testAsyncHBNanPercentile, but NaN is stopped",
        ),
    ],
)
def test_trials_are_stopped_as_in_the_source(
    scheduler: ASHAScheduler, reports: list[tuple[int, float, float]], expected: list[int]
) -> None:
    assert stopped(scheduler, *reports) == expected


@pytest.mark.parametrize(
    ("value", "level"),
    [(0.75, 1.0), (0.25, 2.0), (0.05, None)],
)
def test_a_report_is_judged_at_each_rung_up_to_the_first_that_stops_it(
    value: float, level: float | None
) -> None:
    """Optuna test_successive_halving_pruner_rung_check: seven trials at 0.1 … 0.7, step 7."""
    play = Play(HALVES, slots=8)
    play.step()
    for index in range(7):
        play.report(index, 7, 0.1 * (index + 1))
    play.report(7, 7, value)
    play.step()

    judged = HALVES.board(play.ledger).stopped.get("s-0007")
    assert (judged.level if judged else None) == level
    assert HALVES.board(play.ledger).reached("s-0007") == [
        one for one in (1.0, 2.0, 4.0) if level is None or one <= level
    ]


@pytest.mark.parametrize(
    ("new", "existing", "rank"),
    [
        (1.2, [0.0, 1.5, 2.1], 1),
        (3.0, [0.0, 1.5, 2.0], 3),
        (-3.4, [-3.0, -2.0, -1.0], 0),
        (1.2, [], 0),
    ],
)
def test_a_value_ranks_among_those_before_it(new: float, existing: list[float], rank: int) -> None:
    """Determined TestInsertCompletedMetric."""
    play = Play(replace(STOP, mode="promote"), slots=20)
    play.step()
    for index, value in enumerate([*existing, new]):
        play.report(index, 1, value)

    board = replace(STOP, mode="promote").board(play.ledger)
    assert board.rank(0, 1.0, f"s-{len(existing):04d}") == rank
    assert [one.value for one in board.at(0, 1.0)] == sorted([*existing, new])


def test_equal_values_rank_in_the_order_in_which_they_became_known() -> None:
    """A deviation: Optuna keeps all equals, and Determined the newest."""
    assert stopped(STOP, (0, 1, 1.0), (1, 1, 1.0), (2, 1, 1.0)) == [1, 2]
    assert stopped(replace(STOP, keep="wandb"), (0, 1, 1.0), (1, 1, 1.0), (2, 1, 1.0)) == []


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_value_that_is_not_finite_is_never_kept(value: float) -> None:
    assert stopped(STOP, (0, 1, value)) == [0]
    assert stopped(STOP, (0, 1, value), (1, 1, 5.0)) == [0]


def test_one_trial_runs_to_its_end() -> None:
    play = Play(STOP, trials=1)
    play.finish(lambda _index, _resource: 3.0)

    assert play.trial(0).end is not None
    assert play.furthest() == [9]


def test_a_report_that_skips_rungs_counts_at_all_of_them() -> None:
    assert stopped(STOP, (0, 1, 0.5), (0, 3, 0.5), (1, 9, 0.4)) == []
    assert stopped(STOP, (0, 1, 0.5), (0, 3, 0.3), (1, 9, 0.4)) == [1]


def test_the_first_value_at_a_rung_is_the_one_that_counts() -> None:
    assert stopped(STOP, (0, 1, 0.5), (1, 1, 0.6), (1, 1, 0.1), (1, 2, 0.1)) == [1]


def test_a_trial_that_ended_before_it_was_judged_is_complete_and_the_others_do_not_notice() -> None:
    late, early = Play(STOP, slots=3, trials=3), Play(STOP, slots=3, trials=3)
    for play in (late, early):
        play.step()
        play.report(0, 9, 0.1)
        play.report(1, 1, 0.5)
        if play is early:
            play.step()
        play.report(1, 9, 0.01)
        play.end(1, 0.01, Ending.OK if play is late else Ending.STOPPED)
        play.report(2, 1, 0.2)
        play.step()

    assert late.trial(1).end is not None
    assert early.trial(1).stop is not None
    assert late.stopped().keys() | {1} == early.stopped().keys() == {1, 2}


def test_the_reason_names_the_figures() -> None:
    play = Play(STOP, slots=9)
    play.step()
    for index in range(8):
        play.report(index, 3, 0.1 * (index + 1))
    play.report(8, 3, 0.81)
    play.step()

    assert play.stopped()[8] == "loss = 0.81 is not in the best 3 of 9 at epoch 1"


@pytest.mark.parametrize(("most", "eta", "rungs"), [(243, 3, 6), (1000, 10, 4)])
def test_the_last_but_one_rung_is_judged(most: float, eta: float, rungs: int) -> None:
    scheduler = ASHAScheduler(most, eta=eta, mode="stop")
    play = Play(scheduler, slots=2)
    play.step()
    assert len(scheduler.milestones(play.trial(0))) == rungs
    play.report(0, most / eta, 0.1)
    play.report(1, most / eta / eta, 0.01)
    play.report(1, most / eta, 0.2)
    play.step()

    assert play.stopped().keys() == {1}


def test_brackets_do_not_see_each_other() -> None:
    scheduler = replace(STOP, brackets=2)
    play = Play(scheduler, slots=12)
    play.step()
    brackets = [len(scheduler.milestones(play.trial(index))) for index in range(12)]
    first, other = brackets.index(3), brackets.index(2)

    play.report(first, 3, 0.1)
    play.report(other, 3, 0.2)
    play.step()

    assert not play.stopped()
