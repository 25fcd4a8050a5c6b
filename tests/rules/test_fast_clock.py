"""A machine's clock that runs ahead: what the server heard last tells the end of a run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.rules.judging import check_changed, check_held
from tests.support.run_samples import DAY, HOUR, MINUTE, NOW, SECOND, ago, flat, make_run, nested

AHEAD = 3 * HOUR


def logged(silent: timedelta, ahead: timedelta = AHEAD, **own: Any) -> dict[str, Any]:
    """The summary of a run that logged last so long ago, by a clock that runs ahead."""
    return flat(**own) | {"_timestamp": (NOW - silent + ahead).timestamp()}


@pytest.mark.parametrize("silent", [HOUR, 2 * HOUR + 58 * MINUTE, 3 * HOUR + 10 * MINUTE])
@pytest.mark.parametrize(
    ("wandb", "rule", "to"),
    [
        ("finished", "heartbeat-expired", "timeout"),
        ("crashed", "wandb-crashed", "crashed"),
        ("failed", "wandb-failed", "failure"),
        ("killed", "wandb-killed", "cancelled"),
    ],
)
def test_a_fast_clock_does_not_hold_a_run_that_ended(
    wandb: str, rule: str, to: str, silent: timedelta
) -> None:
    check_changed(make_run(logged(silent), wandb, silent=silent), rule, to)
    own = ago(silent - AHEAD - 20 * SECOND)
    both = logged(silent, heartbeat=own, last_update=own)
    check_changed(make_run(both, wandb, silent=silent), rule, to)


@pytest.mark.parametrize("wandb", ["running", "preempting", "unknown", ""])
def test_a_run_that_may_live_is_held_for_its_clock(wandb: str) -> None:
    check_held(make_run(logged(HOUR), wandb, silent=HOUR), "clock:", "heartbeat-expired")


@pytest.mark.parametrize("make", [flat, nested])
def test_an_evaluation_on_another_machine_keeps_its_run(make: Any) -> None:
    summary = make("evaluating", heartbeat=ago(MINUTE))
    summary |= {"_timestamp": (NOW - 2 * HOUR + AHEAD).timestamp()}
    run = make_run(summary, "finished", silent=2 * HOUR)
    check_held(run, "alive 1 minute ago")


def test_an_evaluation_with_a_fast_clock_of_its_own_is_held() -> None:
    summary = logged(2 * HOUR, heartbeat=ago(-AHEAD))
    check_held(make_run(summary, "finished", silent=2 * HOUR), "clock:", "heartbeat-expired")


def test_without_a_heartbeat_of_the_server_nothing_is_derived() -> None:
    run = make_run(logged(HOUR), "finished", silent=None, created_at=ago(DAY))
    check_held(run, "clock:", "heartbeat-expired")


@pytest.mark.parametrize("ahead", [timedelta(0), MINUTE, 5 * MINUTE])
def test_clocks_that_nearly_agree_both_count(ahead: timedelta) -> None:
    run = make_run(logged(31 * MINUTE, ahead), "finished", silent=31 * MINUTE)
    if ahead < MINUTE:
        check_changed(run, "heartbeat-expired", "timeout")
    else:
        check_held(run, "alive")


def test_a_slow_clock_takes_nothing_from_what_the_server_heard() -> None:
    run = make_run(logged(MINUTE, -AHEAD), "crashed", silent=MINUTE)
    check_held(run, "alive 1 minute ago")
