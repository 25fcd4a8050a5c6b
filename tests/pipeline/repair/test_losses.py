"""A server that keeps our keys and loses those of others: it is given no more to lose."""

from __future__ import annotations

import math
from datetime import timedelta
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


def test_a_server_whose_clock_our_write_moves_is_not_excused(scene: Scene) -> None:
    drop(scene, "loss")
    scene.store.write_moves_heartbeat = ago(NOW - NOW)
    writer = scene.writer(scene.journal())
    seen = runs(WORTH, "running")
    scene.store.add(*seen)
    list(repair(scene.proposals(*seen), writer))
    assert len(scene.store.writes) == 8
    assert "loss is gone" in str(writer.halted)


def test_a_write_that_did_not_arrive_is_not_a_loss(scene: Scene) -> None:
    def forget(path: str) -> None:
        scene.store.change(path, flat() | {"loss": 0.5})

    scene.store.after_write.append(forget)
    report = passed(scene, *runs({"loss": 0.5}))
    assert report.totals.failed == 60


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (0.3, 0.30000000000000004),
        (0.123456789, 0.12),
        (math.inf, "Infinity"),
        (12345678901234567890, 12345678901234567000),
        (12345678901234567891, 1.2345678901234567e19),
        (1, True),
        ({"deep": [0.1]}, {"deep": [0.0]}),
    ],
)
def test_a_server_that_alters_values_is_sent_no_more(scene: Scene, sent: Any, kept: Any) -> None:
    def alter(path: str) -> None:
        scene.store.change(path, scene.store.summary(path) | {"loss": kept})

    scene.store.after_write.append(alter)
    report = passed(scene, *runs({"loss": sent}))
    assert report.totals.failed == len(scene.store.writes) == 8
    (error,) = report.errors
    where = "loss.deep" if isinstance(sent, dict) else "loss"
    assert error.message == (
        "nothing more was written: the server alters what is not the janitor's:"
        f" of acme/rl/r00 {where} has another value"
    )


def test_a_server_that_rounds_all_numbers_ours_included_is_sent_no_more(scene: Scene) -> None:
    def round_all(path: str) -> None:
        summary = scene.store.summary(path)
        rounded = {k: round(v) if isinstance(v, float) else v for k, v in summary.items()}
        scene.store.change(path, rounded)

    scene.store.after_write.append(round_all)
    began = ago(timedelta(hours=9, milliseconds=250))
    seen = [make_run(flat(), "failed", id=f"r{n:02}", created_at=began) for n in range(60)]
    passed(scene, *seen)
    assert len(scene.store.writes) == 8


@pytest.mark.parametrize("kept", [1, 1.0])
def test_a_whole_number_in_either_spelling_is_kept(scene: Scene, kept: float) -> None:
    def spell(path: str) -> None:
        scene.store.change(path, scene.store.summary(path) | {"loss": kept})

    scene.store.after_write.append(spell)
    assert passed(scene, *runs({"loss": 1})).totals.written == 60
