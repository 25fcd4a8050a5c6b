"""What becomes of writes that fail, of the journal that is full, and of a pass that must end."""

from __future__ import annotations

import pytest

from janitor.errors import (
    CredentialsError,
    PermissionDeniedError,
    RejectedError,
    StoreError,
    TransientError,
)
from janitor.model import Outcome, RunInfo, Target, TargetKind
from janitor.pipeline.repair import FIRST_BATCH, repair
from janitor.pipeline.repair.writer import NOT_PERMITTED
from janitor.report.headline import way_back
from tests.support.memory_store import SWEEP, failing, once
from tests.support.passes import (
    FAILED,
    PATH,
    SILENT,
    FullDisk,
    Scene,
    journaled_outcomes,
    only,
    outcomes,
)
from tests.support.run_samples import flat, make_run

# ---- failures --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [PermissionDeniedError("no"), RejectedError("bad summary")])
@pytest.mark.parametrize("run", [SILENT, FAILED])
def test_a_write_that_is_refused_is_not_tried_again(
    scene: Scene, run: RunInfo, error: Exception
) -> None:
    scene.store.add(run)
    assert isinstance(error, PermissionDeniedError | RejectedError)
    scene.store.before_write.append(failing(error, 9))
    result = only(scene.repair(run))
    told = NOT_PERMITTED if isinstance(error, PermissionDeniedError) else str(error)
    assert (result.outcome, result.error) == (Outcome.FAILED, told)
    assert scene.slept == []
    assert journaled_outcomes(scene) == ["failed"]


@pytest.mark.parametrize("refused", [PermissionDeniedError, CredentialsError])
def test_without_write_permission_a_pass_stops_after_the_first_refusals_and_says_so_once(
    scene: Scene, refused: type[StoreError]
) -> None:
    runs = [make_run(flat(), "failed", id=f"r{number:03}") for number in range(120)]
    scene.store.add(*runs)
    scene.store.before_write.append(failing(refused("W&B denies permission"), 120))
    report = scene.fix()
    assert 1 <= report.totals.failed <= FIRST_BATCH
    assert report.totals.planned == 120 - report.totals.failed
    (error,) = report.errors
    assert (error.target, "W&B denies permission" in error.message) == ("acme/rl", True)
    assert {change.error for change in report.changes} == {NOT_PERMITTED, None}
    assert set(journaled_outcomes(scene)) == {"failed"}
    assert way_back(report.model_copy(update={"journal": "j.jsonl"})) is None


def test_a_project_that_may_be_written_is_repaired_beside_one_that_may_not(scene: Scene) -> None:
    theirs, ours = make_run(flat(), "failed", project="theirs"), make_run(flat(), "failed")
    scene.store.add(theirs, ours)

    def refuse(path: str) -> None:
        if path == theirs.path:
            raise PermissionDeniedError("no")

    scene.store.before_write.append(refuse)
    report = scene.fix(SWEEP, Target(TargetKind.SWEEP, "acme", "theirs", "s1"))
    outcomes = {change.run: change.outcome for change in report.changes}
    assert outcomes == {ours.path: Outcome.WRITTEN, theirs.path: Outcome.FAILED}


def test_a_run_that_fails_does_not_stop_the_others(scene: Scene) -> None:
    runs = [make_run(wandb="failed", id=f"r{number}") for number in range(60)]
    scene.store.add(*runs)

    def refuse(path: str) -> None:
        if path.endswith("7"):
            raise RejectedError("no")

    scene.store.before_write.append(refuse)
    results = scene.repair(*runs)
    assert len(results) == 60
    assert {result.path for result in results if result.outcome is Outcome.FAILED} == {
        f"acme/rl/r{number}" for number in range(7, 60, 10)
    }
    assert outcomes(results).count("written") == 54


@pytest.mark.parametrize("run", [SILENT, FAILED])
def test_a_write_that_may_pass_is_repeated_with_a_fresh_read(scene: Scene, run: RunInfo) -> None:
    scene.store.add(run)
    scene.store.before_write.append(failing(TransientError("503"), 2))
    result = only(scene.repair(run))
    assert result.outcome is Outcome.WRITTEN
    assert scene.store.writes == [PATH]
    assert len(scene.store.reads) == 4  # one before each of three attempts, one read-back
    assert len(scene.slept) == 2
    assert journaled_outcomes(scene) == ["failed", "failed", "written"]


def test_what_was_logged_between_two_attempts_is_kept(scene: Scene) -> None:
    scene.store.add(FAILED)

    def log_and_fail(_: str) -> None:
        scene.store.change(PATH, flat() | {"loss": 0.1, "late": True})
        raise TransientError("503")

    scene.store.before_write.append(once(log_and_fail))
    assert outcomes(scene.repair(FAILED)) == ["written"]
    assert scene.store.summary(PATH)["late"] is True
    assert scene.store.summary(PATH)["loss"] == 0.1


def test_a_run_that_moved_on_between_two_attempts_is_left(scene: Scene) -> None:
    scene.store.add(SILENT)

    def finish_and_fail(_: str) -> None:
        scene.store.change(PATH, flat("success", objective=1), wandb_state="finished")
        raise TransientError("503")

    scene.store.before_write.append(once(finish_and_fail))
    result = only(scene.repair(SILENT))
    assert (result.outcome, result.state) == (Outcome.SUPERSEDED, "success")
    assert scene.store.writes == []
    assert journaled_outcomes(scene) == ["superseded"]


def test_a_run_deleted_between_two_attempts_is_recorded_in_the_journal(scene: Scene) -> None:
    scene.store.add(SILENT)

    def delete_and_fail(_: str) -> None:
        scene.store.remove(PATH)
        raise TransientError("503")

    scene.store.before_write.append(once(delete_and_fail))
    assert outcomes(scene.repair(SILENT)) == ["superseded"]
    assert journaled_outcomes(scene) == ["superseded"]


@pytest.mark.parametrize("run", [SILENT, FAILED])
@pytest.mark.parametrize("attempts", [1, 4])
def test_an_answer_lost_after_the_write_was_applied_counts_as_written(
    scene: Scene, run: RunInfo, attempts: int
) -> None:
    scene.store.add(run)
    scene.store.after_write.append(failing(TransientError("reset")))
    result = only(scene.repair(run, attempts=attempts))
    assert (result.outcome, result.error) == (Outcome.WRITTEN, None)
    assert scene.store.writes == [PATH]
    assert journaled_outcomes(scene) == ["written"]


def test_a_write_that_never_succeeds_failed_and_may_have_been_written(scene: Scene) -> None:
    scene.store.add(FAILED)
    scene.store.before_write.append(failing(TransientError("503"), 99))
    result = only(scene.repair(FAILED))
    assert (result.outcome, result.error) == (Outcome.FAILED, "may have been written: 503")
    assert scene.store.writes == []
    assert journaled_outcomes(scene) == ["failed"] * 4


def test_a_run_that_cannot_be_read_again_failed_and_was_not_begun(scene: Scene) -> None:
    scene.store.add(SILENT)
    scene.store.before_read.append(failing(TransientError("reset"), 99))
    result = only(scene.repair(SILENT))
    assert (result.outcome, result.attempt) == (Outcome.FAILED, None)
    assert list(scene.folder.iterdir()) == []


def test_a_login_that_expires_fails_the_runs_and_not_the_pass(scene: Scene) -> None:
    runs = [make_run(wandb="failed", id=f"r{number}") for number in range(3)]
    scene.store.add(*runs, make_run(id="alive"))
    scene.store.refuses_reads = CredentialsError("the key is not valid any more")
    results = scene.repair(*runs, make_run(id="alive"))
    assert outcomes(results) == ["failed"] * 4
    assert {result.error for result in results} == {"the key is not valid any more"}


def test_a_login_that_expires_before_the_read_back_is_reported(scene: Scene) -> None:
    scene.store.add(FAILED)

    def expire(_: str) -> None:
        scene.store.refuses_reads = CredentialsError("the key is not valid any more")

    scene.store.after_write.append(expire)
    result = only(scene.repair(FAILED))
    assert result.outcome is Outcome.FAILED
    assert "could not be read back: the key is not valid" in str(result.error)
    assert journaled_outcomes(scene) == ["failed"]


# ---- the journal and the interruption --------------------------------------------------------


def test_a_full_disk_stops_the_pass_before_the_write(scene: Scene) -> None:
    runs = [make_run(wandb="failed", id=f"r{number}") for number in range(60)]
    scene.store.add(*runs)
    writer = scene.writer(FullDisk(scene, 0))
    results = list(repair(scene.proposals(*runs), writer))
    assert scene.store.writes == []
    assert set(outcomes(results)) == {"failed", "planned"}
    failed = [result for result in results if result.outcome is Outcome.FAILED]
    assert all("not written: cannot write the journal" in str(one.error) for one in failed)
    assert len(failed) <= 8
    assert str(writer.halted).endswith("cannot write the journal: No space left on device")


def test_a_journal_that_fails_after_the_write_stops_the_pass_there(scene: Scene) -> None:
    runs = [make_run(wandb="failed", id=f"r{number:02}") for number in range(60)]
    scene.store.add(*runs)
    writer = scene.writer(
        FullDisk(scene, 40 + 16)
    )  # intents of three batches, outcomes of one and some
    results = list(repair(scene.proposals(*runs), writer))
    assert len(scene.store.writes) == 40
    assert sorted(set(outcomes(results))) == ["planned", "written"]
    assert writer.halted is not None


def test_a_journal_that_fails_between_two_attempts_does_not_say_not_written(scene: Scene) -> None:
    scene.store.add(SILENT)
    scene.store.before_write.append(failing(TransientError("503"), 9))
    writer = scene.writer(FullDisk(scene, 1))
    result = only(list(repair(scene.proposals(SILENT), writer)))
    assert result.outcome is Outcome.FAILED
    assert "may have been written" in str(result.error)


def test_no_write_begins_once_the_pass_is_asked_to_end(scene: Scene) -> None:
    runs = [make_run(wandb="failed", id=f"r{number:03}") for number in range(120)]
    scene.store.add(*runs)
    scene.store.after_write.append(once(lambda _: scene.interrupter.ask("SIGTERM")))
    results = scene.repair(*runs)
    assert len(results) == 120
    written = outcomes(results).count("written")
    assert 1 <= written <= 8
    assert outcomes(results).count("planned") == 120 - written
    assert len(scene.store.writes) == written
    assert journaled_outcomes(scene) == ["written"] * written


def test_a_pass_asked_to_end_before_its_repair_touches_nothing(scene: Scene) -> None:
    scene.store.add(SILENT, make_run(wandb="failed", id="r2"))
    scene.interrupter.ask("SIGINT")
    assert outcomes(scene.repair(SILENT, make_run(wandb="failed", id="r2"))) == ["planned"] * 2
    assert (scene.store.reads, scene.store.writes) == ([], [])


def test_a_write_under_way_when_the_pass_must_end_is_not_repeated(scene: Scene) -> None:
    scene.store.add(SILENT)

    def interrupt_and_fail(_: str) -> None:
        scene.interrupter.ask("SIGTERM")
        raise TransientError("reset")

    scene.store.before_write.append(interrupt_and_fail)
    result = only(scene.repair(SILENT))
    assert result.outcome is Outcome.FAILED
    assert "may have been written" in str(result.error)
    assert journaled_outcomes(scene) == ["failed"]
