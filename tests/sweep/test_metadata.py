from __future__ import annotations

import pytest

from janitor import SweepMetadata, SweepRunState
from tests.support.run_samples import flat, make_run

RUNS = (
    make_run(flat("success", objective=0.5), "finished", id="fair"),
    make_run(flat("success", objective=0.9), "finished", id="good"),
    make_run(flat("failure", objective=7.0), "failed", id="failed"),
    make_run(flat("running", objective=8.0), id="open"),
    make_run(flat("evaluating"), id="evaluated"),
    make_run({"loss": 1}, id="foreign"),
    make_run(flat("odd"), id="odd"),
)


def test_it_counts_runs_by_state() -> None:
    found = SweepMetadata.of(RUNS)
    assert (found.runs, found.untracked, found.open, found.finished) == (7, 2, 2, 3)
    assert found.states == {
        SweepRunState.SUCCESS: 2,
        SweepRunState.FAILURE: 1,
        SweepRunState.RUNNING: 1,
        SweepRunState.EVALUATING: 1,
    }


@pytest.mark.parametrize(("goal", "best"), [("maximize", "good"), ("minimize", "fair")])
def test_only_a_success_is_the_best(goal: str, best: str) -> None:
    found = SweepMetadata.of(RUNS, goal=goal)
    assert found.best_run == f"acme/rl/{best}"
    assert found.best == {"good": 0.9, "fair": 0.5}[best]


def test_an_empty_sweep_has_no_best() -> None:
    assert SweepMetadata.of([]) == SweepMetadata()


def test_another_goal_is_refused() -> None:
    with pytest.raises(ValueError, match="maximize or minimize, not 'best'"):
        SweepMetadata.of(RUNS, goal="best")
