"""The repair of runs: what is written, and what is left since it moved on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from janitor.errors import StoreError
from janitor.model import Outcome, RunInfo
from tests.support.memory_store import MemoryStore
from tests.support.passes import FAILED, PATH, SILENT, Scene, only, outcomes
from tests.support.run_samples import HOUR, MINUTE, ago, flat, make_run, nested

# ---- written ---------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [SILENT, FAILED, make_run(nested(), "crashed")])
def test_a_change_that_still_holds_is_written_read_back_and_journaled(
    scene: Scene, run: RunInfo
) -> None:
    scene.store.add(run)
    result = only(scene.repair(run))
    assert (result.outcome, result.error) == (Outcome.WRITTEN, None)
    assert scene.store.writes == [PATH]
    assert scene.store.reads == [(PATH,), (PATH,)]
    assert result.attempt is not None
    assert result.attempt.window is not None
    assert result.attempt.edits.stand_in(scene.store.summary(PATH))
    (write,) = scene.journaled().writes
    assert (write.run, write.outcome, write.error) == (PATH, "written", None)


def test_keys_that_a_scan_does_not_read_are_all_kept(scene: Scene) -> None:
    odd = {"loss": float("inf"), "\ud800": [None, {"a.b": 10**30}], "": {}, "gräf": "Ω"}
    scene.store.add(make_run(flat() | odd, "failed"))
    scene.repair(make_run(wandb="failed"))
    after = scene.store.summary(PATH)
    assert {key: after[key] for key in odd} == odd


def test_what_was_logged_since_the_scan_is_kept(scene: Scene) -> None:
    scene.store.add(make_run(flat() | {"loss": 0.1, "acc": 1}))
    assert outcomes(scene.repair(SILENT)) == ["written"]
    assert scene.store.summary(PATH)["loss"] == 0.1
    assert scene.store.summary(PATH)["acc"] == 1


def test_ended_runs_are_read_in_batches_and_others_alone(scene: Scene) -> None:
    ended = [make_run(wandb="failed", id=f"e{number:03}") for number in range(120)]
    alive = [make_run(id=f"a{number}") for number in range(3)]
    scene.store.add(*ended, *alive)
    results = scene.repair(*alive, *ended)
    assert set(outcomes(results)) == {"written"}
    # 8, then 7 batches of 16: each is read with the one before it; then those that run.
    assert sorted(map(len, scene.store.reads)) == [1, 1, 1, 3, 8, 16, 24, *[32] * 6]
    assert len(scene.store.writes) == len(set(scene.store.writes)) == 123


def test_the_time_of_the_write_is_the_moment_of_the_write(scene: Scene) -> None:
    scene.store.add(FAILED)
    scene.repair(FAILED, before=lambda: scene.clock.move(HOUR))
    summary = scene.store.summary(PATH)
    assert summary["protein.janitor.at"] == "2026-03-01T13:00:00+00:00"
    assert summary["protein.failure_time"] == "2026-03-01T10:00:00+00:00"


# ---- superseded ------------------------------------------------------------------------------


def test_a_run_that_recorded_its_objective_meanwhile_is_left(scene: Scene) -> None:
    scene.store.add(make_run(flat(objective=1)))
    result = only(scene.repair(SILENT))
    assert result.outcome is Outcome.SUPERSEDED
    assert result.error == "it is running now, and objective-recorded would make it success"
    assert result.state == "running"


@pytest.mark.parametrize(
    ("now", "reason", "state"),
    [
        (make_run(silent=MINUTE), "held now: alive 1 minute ago", "running"),
        (make_run(flat("success")), "it is success now", "success"),
        (make_run(flat("evaluating")), "it is evaluating now", "evaluating"),
        (make_run(wandb="killed"), "wandb-killed would make it cancelled", "running"),
        (make_run(flat("odd")), "held now: unknown state 'odd'", None),
        (make_run({}), "it no longer has a state", None),
        (make_run(tags=("janitor:ignore",)), "held now: tagged janitor:ignore", "running"),
        (make_run(flat() | nested("success")), "held now: two states", None),
        (make_run(flat(heartbeat=ago(-HOUR))), "held now: clock", "running"),
    ],
)
def test_a_run_that_moved_on_is_left_alone(
    scene: Scene, now: RunInfo, reason: str, state: str | None
) -> None:
    scene.store.add(now)
    result = only(scene.repair(SILENT))
    assert result.outcome is Outcome.SUPERSEDED
    assert reason in str(result.error)
    assert result.state == state
    assert scene.store.writes == []
    assert list(scene.folder.iterdir()) == []


def test_a_run_that_was_deleted_meanwhile_is_superseded(scene: Scene) -> None:
    ended = make_run(wandb="failed", id="r2")
    assert outcomes(scene.repair(SILENT, ended)) == ["superseded", "superseded"]
    assert scene.store.writes == []


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": ' + "[" * 200 + "]" * 200 + "}"])
def test_a_summary_that_cannot_be_read_is_never_written_over(scene: Scene, text: str) -> None:
    scene.store.add(FAILED)
    result = only(scene.repair(FAILED, before=lambda: scene.store.put_text(PATH, text)))
    assert result.outcome is Outcome.SUPERSEDED
    assert "cannot be read" in str(result.error)
    assert scene.store.writes == []


def test_what_blocks_a_write_is_left_and_reported(scene: Scene) -> None:
    scene.store.add(make_run(nested(janitor=7)))
    result = only(scene.repair(make_run(nested())))
    assert result.outcome is Outcome.FAILED
    assert "'janitor' is in use" in str(result.error)
    assert scene.store.writes == []


def test_a_run_that_came_back_between_scan_and_repair_is_read_alone(scene: Scene) -> None:
    scene.store.add(make_run(wandb="running"))
    crashed = make_run(wandb="crashed")
    result = only(scene.repair(crashed))
    assert result.outcome is Outcome.SUPERSEDED
    assert scene.store.reads == [(PATH,), (PATH,)]  # with the batch, and then alone


# ---- the run that was asked for ---------------------------------------------------------------


@pytest.mark.parametrize("run", [SILENT, FAILED])
def test_an_answer_that_names_another_run_is_not_written(scene: Scene, run: RunInfo) -> None:
    scene.store.add(run, make_run(wandb="failed", id="other"))
    really = scene.store.fetch_summaries

    class Confused(MemoryStore):
        def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
            other = really(["acme/rl/other"])["acme/rl/other"]
            return {**really(paths), PATH: other}

    confused = Confused()
    confused.add(run)
    scene.store = confused
    result = only(scene.repair(run))
    assert (result.outcome, result.error) == (
        Outcome.FAILED,
        "the server answered with the run acme/rl/other instead of acme/rl/r1",
    )
    assert confused.writes == []
