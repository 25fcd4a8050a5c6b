"""Every write held against what the server then has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from janitor.model import Outcome, RunInfo
from tests.support.passes import FAILED, PATH, SILENT, Scene, only, outcomes
from tests.support.run_samples import ago, flat, make_run

# ---- the read-back ---------------------------------------------------------------------------


def loses(scene: Scene, key: str) -> None:
    """Let the server lose a key with each write."""

    def lose(path: str) -> None:
        summary = scene.store.summary(path)
        del summary[key]
        scene.store.change(path, summary)

    scene.store.after_write.append(lose)


@pytest.mark.parametrize("lost", ["loss", "protein.state", "protein.janitor.at"])
def test_a_lost_key_is_found_even_where_our_write_counts_as_life(scene: Scene, lost: str) -> None:
    scene.store.add(SILENT)
    scene.store.write_moves_heartbeat = ago(timedelta(0))
    loses(scene, lost)
    result = only(scene.repair(SILENT))
    assert result.outcome is Outcome.FAILED
    assert str(result.error).endswith(f"does not have what was written: {lost}")


@pytest.mark.parametrize("run", [SILENT, FAILED])
@pytest.mark.parametrize("lost", ["loss", "protein.state", "protein.janitor.at"])
def test_a_key_that_the_server_lost_is_found_and_named(
    scene: Scene, run: RunInfo, lost: str
) -> None:
    scene.store.add(run)
    loses(scene, lost)
    result = only(scene.repair(run))
    assert (result.outcome, result.error) == (
        Outcome.FAILED,
        f"the server does not have what was written: {lost}",
    )


def test_many_lost_keys_are_shortened(scene: Scene) -> None:
    scene.store.add(make_run(flat() | {f"k{number}": 1 for number in range(30)}, "failed"))
    scene.store.after_write.append(lambda path: scene.store.change(path, {}))
    assert " and 36 more" in str(only(scene.repair(FAILED)).error)


def test_a_server_that_rounds_numbers_to_their_value_has_what_was_written(scene: Scene) -> None:
    scene.store.add(make_run(flat() | {"n": 1, "nan": float("nan")}, "failed"))

    def round_it(path: str) -> None:
        scene.store.change(path, scene.store.summary(path) | {"n": 1.0})

    scene.store.after_write.append(round_it)
    assert outcomes(scene.repair(FAILED)) == ["written"]


def test_a_run_that_reads_back_damaged_failed(scene: Scene) -> None:
    scene.store.add(FAILED)
    scene.store.after_write.append(lambda path: scene.store.put_text(path, "{"))
    result = only(scene.repair(FAILED))
    assert result.outcome is Outcome.FAILED
    assert "reads back damaged" in str(result.error)


def test_a_heartbeat_that_each_write_moves_is_not_a_sign_of_life(scene: Scene) -> None:
    runs = [make_run(id=f"r{number}") for number in range(2)]
    scene.store.add(*runs)
    scene.store.write_moves_heartbeat = ago(timedelta(0))
    assert outcomes(scene.repair(*runs)) == ["written"] * 2


@pytest.mark.parametrize("others", [0, 3])
def test_a_heartbeat_that_only_one_write_moves_may_be_the_process(
    scene: Scene, others: int
) -> None:
    still = [make_run(wandb="failed", id=f"still{number}") for number in range(others)]
    scene.store.add(SILENT, *still)
    moment = ago(timedelta(0))
    scene.store.after_write.append(
        lambda path: scene.store.change(path, heartbeat_at=moment) if path == PATH else None
    )
    *rest, result = scene.repair(*still, SILENT)
    assert outcomes(rest) == ["written"] * others
    assert result.outcome is Outcome.FAILED
    assert "if the run's process sent it" in str(result.error)


def test_another_janitor_that_wrote_the_same_supersedes_us(scene: Scene) -> None:
    scene.store.add(SILENT)

    def other(path: str) -> None:
        later = {"protein.janitor.at": "2026-03-01T12:00:01+00:00"}
        scene.store.change(path, scene.store.summary(path) | later)

    scene.store.after_write.append(other)
    result = only(scene.repair(SILENT))
    assert (result.outcome, result.error) == (
        Outcome.SUPERSEDED,
        "another janitor wrote it meanwhile",
    )


def test_a_server_that_alters_what_the_janitor_writes_halts_the_pass(scene: Scene) -> None:
    runs = [make_run(flat(), "failed", id=f"r{number:03}") for number in range(60)]
    scene.store.add(*runs)

    def shorten(path: str) -> None:
        summary = scene.store.summary(path)
        scene.store.change(path, summary | {"protein.state": summary["protein.state"][:4]})

    scene.store.after_write.append(shorten)
    report = scene.fix()

    assert 3 <= report.totals.failed < 60
    assert report.totals.planned == 60 - report.totals.failed
    assert any("does not keep what the janitor writes" in error.message for error in report.errors)
