"""trial-phase: what the controller decides is left to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from janitor.model import Change, Clean, Hold, Liveness, Policy, RunInfo, WandbState
from janitor.model.runs import TrialPhase
from janitor.rules import judge

NOW = datetime(2026, 1, 2, tzinfo=UTC)
OLD = (NOW - timedelta(hours=9)).isoformat()
RUN = RunInfo(
    entity="",
    project="",
    id="s-0000",
    storage_id="s-0000@1",
    name="s-0000",
    wandb_state=WandbState("crashed"),
    summary={"protein.state": "running"},
    created_at=OLD,
    heartbeat_at=OLD,
)


def verdict(
    status: str, *, job: Liveness = Liveness.DEAD, stopping: bool = False, **run: Any
) -> Any:
    is_open = status not in {"completed", "pruned", "failed", "stale", "cancelled"}
    phase = TrialPhase(status, is_open, stopping, job)
    return judge(replace(RUN, trial=phase, **run), Policy(), NOW).verdict


@pytest.mark.parametrize(
    "status", ["pending", "paused", "training_done_no_eval", "eval_done_not_completed"]
)
def test_a_trial_that_waits_is_held_however_long(status: str) -> None:
    assert isinstance(verdict(status), Hold)


def test_a_trial_that_is_being_stopped_is_held() -> None:
    assert isinstance(verdict("in_training", stopping=True), Hold)


@pytest.mark.parametrize("status", ["in_training", "in_eval"])
def test_a_job_whose_process_is_alive_is_held_and_a_dead_one_is_judged(status: str) -> None:
    assert isinstance(verdict(status, job=Liveness.ALIVE), Hold)
    assert isinstance(verdict(status), Change)


def test_a_guess_about_a_trial_that_is_open_again_is_left_to_the_controller() -> None:
    marked = {"protein.state": "crashed", "protein.janitor.state": "crashed"}

    for status in ("pending", "in_training"):
        assert isinstance(verdict(status, summary=marked), Hold)


def test_a_trial_that_is_over_is_clean() -> None:
    assert isinstance(verdict("completed", summary={"protein.state": "success"}), Clean)


def test_a_run_without_a_controller_is_judged_as_ever() -> None:
    assert isinstance(judge(RUN, Policy(), NOW).verdict, Change)
