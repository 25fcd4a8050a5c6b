"""The kill matrix with model optimizers: what is suggested does not depend on who lives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from janitor.sweep.crash_points import CrashPoint
from tests.sweep.stepping import Stepping
from tests.sweep.test_kill_matrix import check, finish

SWEEP = """\
method: custom
command: [sh, trial.sh, "${args}"]
metric: {name: score, goal: maximize}
run_cap: 8
parameters: {x: {min: 0.0, max: 1.0}}
janitor:
  optimizer: {type: %s, n_startup: 2}
  max_parallel_jobs: 2
  collect: stdout
  evaluation: {command: [sh, trial.sh, "${args}"]}
"""
POINTS = (
    CrashPoint.AFTER_FACTS,
    CrashPoint.BEFORE_DECISIONS,
    CrashPoint.AFTER_DECISIONS,
    CrashPoint.AFTER_DISPATCH,
)


class Learning(Stepping):
    """Trials whose score is their x."""

    def release(self, name: str, script: str = 'echo "score=${1#--x=}"') -> None:
        super().release(name, script)


@pytest.mark.parametrize("kind", ["tpe", pytest.param("cmaes", marks=pytest.mark.long)])
def test_a_step_killed_at_each_point_suggests_the_same(tmp_path: Path, kind: str) -> None:
    calm = Learning.start(tmp_path / "calm", SWEEP % kind)
    finish(calm)
    undisturbed = calm.decisions()
    assert len(scores(undisturbed)) == 8
    for point in POINTS:
        sweep = Learning.start(tmp_path / point, SWEEP % kind)
        assert finish(sweep, crash_at=point) > 0
        check(sweep, undisturbed)


def scores(decisions: list[dict[str, Any]]) -> set[float]:
    """The objectives, which are all different."""
    return {each["objective"] for each in decisions if each["item"] == "complete"}
