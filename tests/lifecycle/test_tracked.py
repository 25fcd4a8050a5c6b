from __future__ import annotations

import asyncio

import pytest

from janitor.lifecycle import tracked
from tests.lifecycle.lifecycle_runs import FakeRun, FakeTime


def test_a_tracked_function_runs_and_succeeds(
    run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wandb.run", run)

    @tracked
    def train(steps: int) -> str:
        """Train."""
        return f"{run.protein()['state']} for {steps} steps"

    assert train(3) == "running for 3 steps"
    assert train.__doc__ == "Train."
    assert run.protein()["state"] == "success"


def test_a_tracked_function_fails_with_its_exception(run: FakeRun) -> None:
    @tracked(wandb_run=run, namespace="sweep")
    def train() -> None:
        raise ValueError("no data")

    with pytest.raises(ValueError, match="no data"):
        train()
    assert run.summary["sweep.error"] == "ValueError: no data"


def test_a_tracked_coroutine_is_running_until_it_is_awaited(run: FakeRun, time: FakeTime) -> None:
    @tracked(wandb_run=run, clock=time.clock)
    async def train() -> str:
        await asyncio.sleep(0)
        return str(run.protein()["state"])

    assert asyncio.run(train()) == "running"
    assert run.protein()["state"] == "success"
