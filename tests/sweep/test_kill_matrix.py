"""A step is killed at every point, and nothing is lost, launched twice, or decided otherwise."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from janitor.sweep.crash_points import CrashPoint
from janitor.sweep.verify import Comparison, verify
from tests.sweep.stepping import SWEEP, Stepping, wait_for

NOT_REACHED = frozenset(
    {
        CrashPoint.BEFORE_CANCEL,
        CrashPoint.AFTER_CANCEL,
        CrashPoint.BEFORE_REFUSALS,
        CrashPoint.AFTER_REFUSALS,
    }
)
"""A sweep without stops and refusals does not come there."""


def finish(
    sweep: Stepping,
    *,
    crash_at: str | None = None,
    controllers: int = 1,
    before_step: Callable[[], None] = lambda: None,
) -> int:
    """Run a sweep to its end, releasing one trial after each step; returns the kills."""
    kills = 0
    for _ in range(200):
        before_step()
        if crash_at is not None:
            _, status = os.waitpid(sweep.step_apart(crash_at), 0)
            kills += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        for pid in [sweep.step_apart() for _ in range(controllers)]:
            assert os.waitpid(pid, 0)[1] == 0
        jobs = sweep.open_jobs()
        if not jobs:
            assert sweep.is_done()
            return kills
        _wait_until_claimed(sweep, jobs[0])
        sweep.release(jobs[0])
    raise AssertionError("the sweep does not end")


def _wait_until_claimed(sweep: Stepping, name: str) -> None:
    run, kind, attempt = name.rsplit(".", 2)
    place = f"eval.{attempt}" if kind == "eval" else attempt
    wait_for(sweep.store.folder / "runs" / run / place / "claim.json")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    sweep = Stepping.start(tmp_path_factory.mktemp("undisturbed"))
    finish(sweep)
    return sweep.decisions()


def check(sweep: Stepping, undisturbed: list[dict[str, Any]]) -> None:
    ledger = sweep.ledger()
    jobs = sorted(
        f"{trial.run}.{kind}.a1" for trial in ledger.trials.values() for kind in ("eval", "train")
    )
    assert sweep.trained() == jobs
    assert set(sweep.store.runs()) == set(ledger.trials)
    assert sweep.decisions() == undisturbed
    states = {run.summary["protein.state"] for run in sweep.store.runs().values()}
    assert states == {"success"}
    results = list(verify(ledger.name, sweep.store.entries()))
    assert {each.comparison for each in results} == {Comparison.SAME}


def matrix() -> list[CrashPoint]:
    return [point for point in CrashPoint if point not in NOT_REACHED]


@pytest.mark.parametrize("point", matrix())
def test_a_step_killed_at_each_point_loses_and_repeats_nothing(
    tmp_path: Path, undisturbed: list[dict[str, Any]], point: CrashPoint
) -> None:
    sweep = Stepping.start(tmp_path / "sweep")

    kills = finish(sweep, crash_at=point)

    assert kills > 0
    check(sweep, undisturbed)


def test_two_controllers_at_once_lose_and_repeat_nothing(
    tmp_path: Path, undisturbed: list[dict[str, Any]]
) -> None:
    sweep = Stepping.start(tmp_path / "sweep")

    finish(sweep, controllers=2)

    check(sweep, undisturbed)


@pytest.mark.long
def test_two_hundred_kills_at_random_moments_lose_and_repeat_nothing(tmp_path: Path) -> None:
    text = SWEEP.replace("[1, 2, 3]", "[1, 2, 3, 4]").replace("[1, 2]", "[1, 2, 3]")
    undisturbed, sweep = (Stepping.start(tmp_path / name, text) for name in ("calm", "killed"))
    finish(undisturbed)
    moments = Random(14)
    kills = 0

    def kill_steps() -> None:
        nonlocal kills
        for _ in range(24):
            pid = sweep.step_apart()
            time.sleep(moments.uniform(0, 0.08))
            os.kill(pid, signal.SIGKILL)
            kills += os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    finish(sweep, before_step=kill_steps)

    assert kills >= 200
    check(sweep, undisturbed.decisions())
