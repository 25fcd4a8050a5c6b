"""A server that keeps our keys and loses those of others: it is given no more to lose."""

from __future__ import annotations

import math
from typing import Any

import pytest

from janitor.model import RunInfo
from janitor.pipeline.repair import repair
from janitor.records.report import Report
from tests.support.passes import Scene
from tests.support.run_samples import NOW, ago, flat, make_run

WORTH = {"bound": math.nan, "note": None, "loss": 0.5}


def runs(own: dict[str, Any], wandb: str = "failed") -> list[RunInfo]:
    return [make_run(flat() | own, wandb, id=f"r{number:02}") for number in range(60)]


def drop(scene: Scene, *keys: str) -> None:
    """Let each write lose these keys."""

    def lose(path: str) -> None:
        left = scene.store.summary(path)
        scene.store.change(path, {key: left[key] for key in left if key not in keys})

    scene.store.after_write.append(lose)


def passed(scene: Scene, *seen: RunInfo) -> Report:
    scene.store.add(*seen)
    return scene.fix()


@pytest.mark.parametrize("lost", ["bound", "note", "loss"])
def test_after_the_first_loss_no_more_is_written(scene: Scene, lost: str) -> None:
    drop(scene, lost)
    report = passed(scene, *runs(WORTH))
    assert report.totals.failed == len(scene.store.writes) == 8
    assert report.totals.planned == 52
    (error,) = report.errors
    assert error.message == (
        "nothing more was written: the server loses what is not the janitor's:"
        f" of acme/rl/r00 {lost} is gone"
    )


def test_what_becomes_null_is_lost_too(scene: Scene) -> None:
    def spoil(path: str) -> None:
        scene.store.change(path, scene.store.summary(path) | {"bound": None})

    scene.store.after_write.append(spoil)
    assert passed(scene, *runs(WORTH)).totals.planned == 52


def test_a_server_whose_clock_our_write_moves_is_no_excuse(scene: Scene) -> None:
    drop(scene, "loss")
    scene.store.write_moves_heartbeat = ago(NOW - NOW)
    writer = scene.writer(scene.journal())
    seen = runs(WORTH, "running")
    scene.store.add(*seen)
    list(repair(scene.proposals(*seen), writer))
    assert len(scene.store.writes) == 8
    assert "loss is gone" in str(writer.halted)


def test_a_write_that_did_not_come_through_is_no_loss(scene: Scene) -> None:
    def forget(path: str) -> None:
        scene.store.change(path, flat() | {"loss": 0.5})

    scene.store.after_write.append(forget)
    report = passed(scene, *runs({"loss": 0.5}))
    assert report.totals.failed == 60


def test_numbers_that_are_written_in_another_way_are_no_loss(scene: Scene) -> None:
    def spell(path: str) -> None:
        scene.store.change(path, scene.store.summary(path) | {"loss": 0.30000000000000004})

    scene.store.after_write.append(spell)
    report = passed(scene, *runs({"loss": 0.3}))
    assert report.totals.failed == 60
