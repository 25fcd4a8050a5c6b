"""The kill matrix on W&B, against the emulator: the same sweep, the same demands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from janitor.emulator.handle import EmulatorProcess
from janitor.sweep.crash_points import CrashPoint
from tests.sweep.test_kill_matrix import check, finish, matrix
from tests.sweep.wandb_stepping import WandbStepping

SMALL = """\
name: small
method: grid
command: [sh, trial.sh, "${args}"]
metric: {name: score, goal: maximize}
parameters: {x: {values: [1, 2]}}
janitor:
  store: wandb
  max_parallel_jobs: 2
  collect: stdout
  evaluation: {command: [sh, trial.sh]}
"""
SAMPLE = (CrashPoint.AFTER_RUN,)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The emulator in a process of its own, and the environment of its clients."""
    folder = tmp_path_factory.mktemp("wandb")
    before = dict(os.environ)
    with EmulatorProcess() as emulator:
        os.environ.update(emulator.environment(folder))
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def undisturbed(
    server: None,  # noqa: ARG001 - where the sweep is
    tmp_path_factory: pytest.TempPathFactory,
) -> list[dict[str, Any]]:
    sweep = WandbStepping.begin(tmp_path_factory.mktemp("undisturbed"), "undisturbed", SMALL)
    finish(sweep)
    return sweep.decisions()


@pytest.mark.parametrize("point", SAMPLE)
def test_a_step_killed_at_a_point_loses_and_repeats_nothing(
    tmp_path: Path, undisturbed: list[dict[str, Any]], point: CrashPoint
) -> None:
    sweep = WandbStepping.begin(tmp_path / "sweep", f"killed-{point}", SMALL)

    kills = finish(sweep, crash_at=point)

    assert kills > 0
    check(sweep, undisturbed)


def test_two_controllers_at_once_lose_and_repeat_nothing(
    tmp_path: Path, undisturbed: list[dict[str, Any]]
) -> None:
    sweep = WandbStepping.begin(tmp_path / "sweep", "two", SMALL)

    finish(sweep, controllers=2)

    check(sweep, undisturbed)


@pytest.mark.long
@pytest.mark.parametrize("point", [point for point in matrix() if point not in SAMPLE])
def test_a_step_killed_at_every_other_point(
    tmp_path: Path, undisturbed: list[dict[str, Any]], point: CrashPoint
) -> None:
    sweep = WandbStepping.begin(tmp_path / "sweep", f"killed-{point}", SMALL)

    kills = finish(sweep, crash_at=point)

    assert kills > 0
    check(sweep, undisturbed)
