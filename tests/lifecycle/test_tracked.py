from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from types import SimpleNamespace

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


def test_a_tracked_function_that_begins_the_run_itself_is_running_from_there(
    time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [FakeRun(), FakeRun()]
    wandb = begins(iter(runs), monkeypatch)
    init = wandb.init

    @tracked(clock=time.clock)
    def train(end: Exception | None) -> str:
        run = wandb.init(project="rl")
        state = str(run.protein()["state"])
        if end is not None:
            raise end
        run.finish()
        wandb.run = None
        return state

    assert train(None) == "running"
    with pytest.raises(ValueError, match="no data"):
        train(ValueError("no data"))
    assert [run.protein()["state"] for run in runs] == ["success", "failure"]
    assert wandb.init is init


def test_a_tracked_function_without_any_run_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begins(iter(()), monkeypatch)
    assert tracked(lambda: 3)() == 3
    assert "janitor: no active wandb run" in caplog.text


def begins(runs: Iterator[FakeRun], monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for wandb, whose ``init`` begins the next of these runs."""
    wandb = SimpleNamespace(run=None)

    def init(**_: str) -> FakeRun:
        wandb.run = run = next(runs)
        return run

    wandb.init = init
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    return wandb


def test_a_generator_cannot_be_tracked_for_its_call_runs_nothing() -> None:
    def epochs() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="epochs is a generator"):
        tracked(epochs)
