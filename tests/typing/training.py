"""What type checkers see of the training side; mypy checks this file, and nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

import janitor
from janitor.lifecycle import (
    Clock,
    IllegalMoveError,
    RobustSweepStateManager,
    SweepRunState,
    tracked,
)


def training() -> None:
    with RobustSweepStateManager(timeout_minutes=30, clock=Clock(), strict=True) as manager:
        assert_type(manager, RobustSweepStateManager)
        assert_type(manager.state, SweepRunState | None)
        assert_type(manager.check_timeout(), bool)
        manager.heartbeat(progress=0.5)
        manager.set_success(objective=0.9, cost=120.0)


@tracked
def plain(steps: int) -> float:
    return steps / 2


@tracked(namespace="mylab")
def with_settings(name: str) -> str:
    return name


def decorated_functions_keep_their_types() -> None:
    assert_type(plain(3), float)
    assert_type(with_settings("r1"), str)
    plain("3")  # type: ignore[arg-type] # mypy refuses it: the parameters are kept, too
    error: type[Exception] = IllegalMoveError
    assert_type(error, type[Exception])


def train_as_a_trial() -> None:
    with janitor.trial() as trial:
        assert_type(trial, janitor.Trial)
        assert_type(trial.params, dict[str, Any])
        assert_type(trial.should_stop, bool)
        trial.report(1, loss=0.5)
