"""The brake and the stand-down, by the figures that they give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import pytest

from janitor.config.table import BrakeLimits, StandDownLimits
from janitor.model import Change, Hold, Policy, RunInfo
from janitor.pipeline.guards import brake, held_by_stand_down, stand_down
from janitor.records.report import Brake, StandDown
from janitor.rules import Judgement, judge
from tests.support.run_samples import DAY, HOUR, MINUTE, NOW, SECOND, flat, make_run

SILENT, ALIVE = 2 * HOUR, MINUTE


def judged(*runs: RunInfo) -> list[Judgement]:
    return [judge(run, Policy(), NOW) for run in runs]


def runs(
    count: int, silent: timedelta | None = SILENT, wandb: str = "running", state: str = "running"
) -> list[RunInfo]:
    """So many runs that fell silent at the same moment."""
    return [
        make_run(flat(state), wandb, silent=silent, id=f"{wandb}-{state}-{silent}-{number}")
        for number in range(count)
    ]


def scattered(count: int, wandb: str = "running", since: timedelta = HOUR) -> list[RunInfo]:
    """So many runs, an hour between the ends of each two."""
    return [
        make_run(wandb=wandb, silent=since + number * HOUR, id=f"scattered-{wandb}-{number}")
        for number in range(count)
    ]


# ---- the brake: how many --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "allowed"), [(0, 0), (0, 500), (3, 3), (500, 500), (0, 10**9), (19, 19)]
)
def test_so_many_changes_as_allowed_pass(changes: int, allowed: int) -> None:
    failed = runs(changes, wandb="failed")
    assert brake(judged(*failed), BrakeLimits(allowed)) == Brake(tripped=False)


@pytest.mark.parametrize(("changes", "allowed"), [(1, 0), (4, 3), (501, 500), (1, -1)])
def test_one_change_more_than_allowed_trips_the_brake(changes: int, allowed: int) -> None:
    found = brake(judged(*runs(changes, wandb="failed")), BrakeLimits(allowed))
    assert found.tripped
    assert (found.limit, found.allowed, found.found) == ("max_changes", allowed, changes)
    assert found.message is not None
    assert f"{changes - allowed} more" in found.message


def test_changes_of_every_rule_count_and_nothing_else() -> None:
    some = [
        make_run(flat(objective=1), "finished", id="a"),
        make_run(flat(objective="x"), "finished", id="b"),
        *(make_run(wandb=word, id=word) for word in ("crashed", "failed", "killed", "running")),
    ]
    others = [*runs(9, ALIVE), make_run(flat("success"), id="c"), make_run({}, id="d")]
    assert brake(judged(*some, *others), BrakeLimits(5)).found == 6
    assert not brake(judged(*some, *others), BrakeLimits(6)).tripped


# ---- the brake: what share ------------------------------------------------------------------


def test_half_of_the_active_runs_may_be_given_up_for_silence_and_not_one_more() -> None:
    assert not brake(judged(*scattered(10), *runs(10, ALIVE)), BrakeLimits()).tripped
    found = brake(judged(*scattered(11), *runs(9, ALIVE)), BrakeLimits())
    assert found.tripped
    assert (found.limit, found.allowed, found.found) == ("max_silent_percent", 50, 55)
    assert found.message is not None
    assert "11 of 20" in found.message


def test_the_share_counts_from_twenty_active_runs_on() -> None:
    assert not brake(judged(*scattered(19)), BrakeLimits()).tripped
    assert brake(judged(*scattered(20)), BrakeLimits()).tripped


@pytest.mark.parametrize("wandb", ["finished", "failed", "crashed", "killed", "preempted"])
def test_runs_that_wandb_calls_ended_are_not_guesses(wandb: str) -> None:
    assert not brake(judged(*scattered(40, wandb)), BrakeLimits()).tripped
    found = brake(judged(*scattered(11), *runs(9, ALIVE), *runs(90, wandb=wandb)), BrakeLimits())
    assert found.found == 55


def test_runs_that_recorded_their_objective_are_not_guesses() -> None:
    done = [make_run(flat(objective=1), id=str(number)) for number in range(40)]
    assert not brake(judged(*done), BrakeLimits()).tripped


def test_clean_and_untracked_runs_do_not_dilute_the_share() -> None:
    others = [make_run(flat("success"), id=str(number)) for number in range(50)]
    untracked = [make_run({}, id=f"u{number}") for number in range(50)]
    assert brake(judged(*scattered(20), *others, *untracked), BrakeLimits()).tripped


@pytest.mark.parametrize("count", [1, 5, 19, 20, 100])
def test_zero_percent_means_none_at_all(count: int) -> None:
    found = brake(judged(*scattered(1), *runs(count, ALIVE)), BrakeLimits(500, 0))
    assert found.tripped
    assert found.limit == "max_silent_percent"


def test_zero_percent_lets_what_is_not_a_guess_pass() -> None:
    assert not brake(
        judged(*runs(30, wandb="failed"), *runs(30, ALIVE)), BrakeLimits(500, 0)
    ).tripped


def test_a_hundred_per_cent_lets_all_silence_pass() -> None:
    assert not brake(judged(*scattered(30)), BrakeLimits(500, 100)).tripped


@pytest.mark.parametrize("changes", [0, 1, 10])
@pytest.mark.parametrize("percent", [0.0, 50.0, 100.0, math.nan, math.inf, -1.0])
def test_no_combination_of_limits_fails_open(percent: float, changes: int) -> None:
    thirty = judged(*scattered(30))
    assert brake(thirty, BrakeLimits(changes, percent)).tripped


@pytest.mark.parametrize("percent", [math.nan, -1.0])
def test_a_share_that_is_not_a_percentage_permits_nothing(percent: float) -> None:
    assert brake(judged(*scattered(30)), BrakeLimits(500, percent)).tripped


# ---- the stand-down -------------------------------------------------------------------------


def stood_down(
    some: Sequence[RunInfo], limits: StandDownLimits | None = None
) -> tuple[StandDown, frozenset[str]]:
    return stand_down(judged(*some), limits or StandDownLimits(), NOW)


def test_an_outage_is_reported_with_its_figures() -> None:
    together = [
        make_run(silent=HOUR + number * MINUTE, id=f"silent-{number}") for number in range(6)
    ]
    found, silent = stood_down([*together, *runs(4, ALIVE)])
    assert found.active
    assert (found.silent, found.open, found.share) == (6, 10, 0.6)
    assert found.window_start == NOW - HOUR - 5 * MINUTE
    assert found.window_end == NOW - HOUR
    assert found.message is not None
    assert "6 of 10 open runs went silent within 10 minutes" in found.message
    assert silent == {run.path for run in together}


def test_half_of_the_runs_are_not_an_outage() -> None:
    found, silent = stood_down([*runs(5), *runs(5, ALIVE)])
    assert not found.active
    assert (found.silent, found.open, found.share) == (5, 10, 0.5)
    assert not silent
    assert stood_down([*runs(6), *runs(5, ALIVE)])[0].active


def test_with_fewer_than_five_runs_nothing_is_concluded() -> None:
    assert not stood_down(runs(4))[0].active
    assert stood_down(runs(5))[0].active


@pytest.mark.parametrize(("spread", "active"), [(10 * MINUTE, True), (10 * MINUTE + SECOND, False)])
def test_what_went_silent_within_the_window_went_silent_at_once(
    spread: timedelta, *, active: bool
) -> None:
    first, last = runs(3, SILENT + spread), runs(3, SILENT)
    assert stood_down([*first, *last, *runs(1, ALIVE)])[0].active is active


def test_runs_that_end_one_after_the_other_are_not_an_outage() -> None:
    assert not stood_down(scattered(20))[0].active


@pytest.mark.parametrize(
    ("wandb", "silent", "active"),
    [
        ("running", DAY - SECOND, True),
        ("running", DAY, False),
        ("hibernating", DAY - SECOND, True),
        ("crashed", HOUR - SECOND, True),
        ("crashed", HOUR, False),
    ],
)
def test_an_outage_long_ago_is_none(wandb: str, silent: timedelta, *, active: bool) -> None:
    assert stood_down(runs(6, silent, wandb))[0].active is active


@pytest.mark.parametrize(("silent", "active"), [(5 * MINUTE, False), (5 * MINUTE + SECOND, True)])
def test_runs_heard_within_five_minutes_are_not_silent(silent: timedelta, *, active: bool) -> None:
    assert stood_down(runs(6, silent))[0].active is active


@pytest.mark.parametrize("wandb", ["finished", "failed", "killed", "preempted"])
def test_runs_that_ended_otherwise_do_not_count(wandb: str) -> None:
    found, _ = stood_down([*runs(6, wandb=wandb), *runs(4, 30 * MINUTE)])
    assert (found.active, found.open) == (False, 4)


def test_terminal_and_untracked_runs_do_not_count() -> None:
    over = [make_run(flat("success"), id=str(number)) for number in range(9)]
    found, _ = stood_down([*over, make_run({}, id="u"), *runs(5)])
    assert (found.active, found.open) == (True, 5)


def test_runs_never_seen_alive_count_among_all_but_not_among_the_silent() -> None:
    blank = [make_run(silent=None, created_at=None, id=f"blank-{number}") for number in range(5)]
    found, silent = stood_down([*blank, *runs(5)])
    assert (found.active, found.silent, found.open) == (False, 5, 10)
    assert not silent


def test_the_limits_are_settings() -> None:
    spread = [*runs(3, 2 * HOUR), *runs(3, 3 * HOUR), *runs(6, ALIVE)]
    assert not stood_down(spread)[0].active
    assert stood_down(spread, StandDownLimits(window=HOUR, share_percent=49))[0].active
    assert not stood_down(spread, StandDownLimits(window=HOUR, share_percent=49, min_runs=13))[
        0
    ].active
    late = StandDownLimits(window=HOUR, share_percent=49, within=2 * HOUR)
    assert not stood_down(spread, late)[0].active


def test_switched_off_it_still_reports_the_figures() -> None:
    found, silent = stood_down(runs(9), StandDownLimits(enabled=False))
    assert (found.active, found.silent, found.open) == (False, 9, 9)
    assert not silent


def test_without_runs_no_outage_is_found() -> None:
    assert stood_down([]) == (StandDown(active=False), frozenset())


def test_two_outages_are_both_stood_down() -> None:
    first = [make_run(silent=9 * HOUR, id=f"first-{number}") for number in range(6)]
    limits = StandDownLimits(share_percent=30)
    found, silent = stood_down([*first, *runs(6), *runs(3, ALIVE)], limits)
    assert found.active
    assert len(silent) == 12


@pytest.mark.parametrize(
    ("run", "rule"),
    [
        (make_run(silent=SILENT), "heartbeat-expired"),
        (make_run(silent=20 * MINUTE, wandb="crashed"), "wandb-crashed"),
    ],
)
def test_guesses_are_held_by_a_stand_down(run: RunInfo, rule: str) -> None:
    found = StandDown(active=True, message="all at once")
    (judgement,) = judged(run)
    assert held_by_stand_down(judgement, found).verdict == Hold(rule, "stand-down: all at once")


@pytest.mark.parametrize(
    "run",
    [
        make_run(flat(objective=1)),
        make_run(flat(objective="x"), "crashed"),
        make_run(wandb="failed"),
        make_run(wandb="killed"),
    ],
)
def test_the_other_rules_work_on(run: RunInfo) -> None:
    (judgement,) = judged(run)
    assert isinstance(judgement.verdict, Change)
    assert held_by_stand_down(judgement, StandDown(active=True)) is judgement
