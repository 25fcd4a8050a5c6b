"""A step of a sweep with ASHA or PBT is killed at every point; nothing is lost or changed.

The trials of these sweeps report and end only when the test releases them, after a completed step.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from janitor.sweep.crash_points import CrashPoint
from janitor.sweep.verify import Comparison, verify
from tests.sweep.stepping import Stepping, wait_for

GATED = """\
name=$JANITOR_TRIAL_RUN.$JANITOR_TRIAL_KIND.a$JANITOR_TRIAL_ATTEMPT
echo $name >> trained
step=1
while [ $step -le $JANITOR_TRIAL_BUDGET ]; do
  until [ -e release/$name.$step ]; do sleep 0.02; done
  echo step=$step score=$(cat x.$JANITOR_TRIAL_RUN)
  step=$((2 * step))
done
"""
SWEEP = """\
method: grid
command: [sh, trial.sh]
metric: {name: score, goal: maximize}
parameters: {x: {values: [1, 2, 3, 4]}}
janitor:
  scheduler: SCHEDULER
  max_parallel_jobs: 2
  collect: stdout
  grace: 5
"""
SCHEDULERS = {
    "promote": "{type: asha, max: 4, eta: 2, mode: promote}",
    "stop": "{type: asha, max: 4, eta: 2, mode: stop}",
    "pbt": "{type: pbt, population: 2, interval: 2, max: 4}",
}
SCORES = (2, 1, 4, 3)
"""Of the trials."""
NOT_REACHED = frozenset({CrashPoint.BEFORE_REFUSALS, CrashPoint.AFTER_REFUSALS})
NO_STOPS = frozenset({CrashPoint.BEFORE_CANCEL, CrashPoint.AFTER_CANCEL})
"""Where a sweep does not come that stops no job."""
SAMPLE = frozenset(
    {
        CrashPoint.AFTER_FACTS,
        CrashPoint.AFTER_DECISIONS,
        CrashPoint.BEFORE_CANCEL,
        CrashPoint.AFTER_RUN,
    }
)
"""The points of ``make test``; ``make test-long`` has all of them."""


def start(folder: Path, mode: str) -> Stepping:
    sweep = Stepping.start(folder, SWEEP.replace("SCHEDULER", SCHEDULERS[mode]))
    (folder / "trial.sh").write_text(
        GATED.replace("$JANITOR_TRIAL_BUDGET", "${JANITOR_TRIAL_BUDGET%.*}")
    )
    for index, score in enumerate(SCORES):
        (folder / f"x.sweep-{index:04d}").write_text(str(score))
    return sweep


def finish(sweep: Stepping, *, crash_at: str | None = None, controllers: int = 1) -> int:
    """Run a sweep to its end, releasing one report after each step; returns the kills."""
    kills = 0
    for _ in range(60):
        if crash_at is not None:
            _, status = os.waitpid(sweep.step_apart(crash_at), 0)
            kills += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        for pid in [sweep.step_apart() for _ in range(controllers)]:
            assert os.waitpid(pid, 0)[1] == 0
        jobs = [(trial, job.launch) for trial, job in sweep.ledger().open_jobs()]
        if not jobs:
            assert sweep.is_done()
            return kills
        stopping = [launch for trial, launch in jobs if trial.is_stopping]
        launch = (stopping or [launch for _, launch in jobs])[0]
        folder = sweep.store.folder / "runs" / launch.run / f"a{launch.attempt}"
        wait_for(folder / "claim.json")
        if stopping:
            wait_for(folder / "exit.json")
        else:
            _release(
                sweep, folder, f"{launch.run}.train.a{launch.attempt}", int(launch.budget or 0)
            )
    raise AssertionError("the sweep does not end")


def _release(sweep: Stepping, folder: Path, name: str, budget: int) -> None:
    """Let a trial report once more, and wait until that, or its end, is recorded."""
    steps = [step for step in (1, 2, 4) if step <= budget]
    step = next(
        each for each in steps if not (sweep.folder / "release" / f"{name}.{each}").exists()
    )
    (sweep.folder / "release" / f"{name}.{step}").touch()
    if step == budget:
        wait_for(folder / "exit.json")
    else:
        _wait_until(lambda: f'"step": {step}.0' in _text(folder / "metrics.jsonl"))


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for mode in SCHEDULERS:
        sweep = start(tmp_path_factory.mktemp(mode), mode)
        finish(sweep)
        found[mode] = sweep.decisions()
    return found


def check(sweep: Stepping, undisturbed: list[dict[str, Any]]) -> None:
    assert sweep.decisions() == undisturbed
    ledger = sweep.ledger()
    launched = [
        f"{trial.run}.train.a{job.launch.attempt}"
        for trial in ledger.trials.values()
        for job in trial.trainings
    ]
    assert sweep.trained() == sorted(launched)
    assert all(trial.is_over for trial in ledger.trials.values())
    results = list(verify(ledger.name, sweep.store.entries()))
    assert {each.comparison for each in results} == {Comparison.SAME}


def matrix() -> list[Any]:
    return [
        pytest.param(
            mode, point, id=f"{mode}-{point}", marks=[] if point in SAMPLE else [pytest.mark.long]
        )
        for mode in SCHEDULERS
        for point in CrashPoint
        if point not in NOT_REACHED and not (mode != "stop" and point in NO_STOPS)
    ]


def test_the_undisturbed_sweeps_promote_and_stop(
    undisturbed: dict[str, list[dict[str, Any]]],
) -> None:
    promotions = [one["run"] for one in undisturbed["promote"] if one.get("cause") == "promoted"]
    stops = [one["run"] for one in undisturbed["stop"] if one["item"] == "stop"]

    assert sorted(promotions) == ["sweep-0000", "sweep-0002", "sweep-0002", "sweep-0003"]
    assert stops == ["sweep-0001", "sweep-0003"]
    copies = [one["run"] for one in undisturbed["pbt"] if one.get("cause") == "exploited"]
    assert copies == ["sweep-0003"]


@pytest.mark.parametrize(("mode", "point"), matrix())
def test_a_step_killed_at_each_point_decides_the_same(
    tmp_path: Path,
    undisturbed: dict[str, list[dict[str, Any]]],
    mode: str,
    point: CrashPoint,
) -> None:
    sweep = start(tmp_path / "sweep", mode)

    kills = finish(sweep, crash_at=point)

    assert kills > 0
    check(sweep, undisturbed[mode])


@pytest.mark.parametrize("mode", SCHEDULERS)
def test_two_controllers_at_once_decide_the_same(
    tmp_path: Path, undisturbed: dict[str, list[dict[str, Any]]], mode: str
) -> None:
    sweep = start(tmp_path / "sweep", mode)

    finish(sweep, controllers=2)

    check(sweep, undisturbed[mode])
