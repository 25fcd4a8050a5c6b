"""The store of a sweep in a folder: ledger, runs, summaries, and what a pass sees of them."""

from __future__ import annotations

import json
import math
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from janitor.errors import ConflictError, NotFoundError, StateFileError
from janitor.model import Liveness
from janitor.model.jobs import Cause, JobTypes
from janitor.model.ledger_items import Launch, LedgerEntry, Reached, SpecAdded
from janitor.runtime.clock import utc_now
from janitor.stores.sweep_files import SweepFiles, SweepFolder, SweepRunsStore, holds_sweeps

LAUNCH = Launch(
    "s-0000", 0, 1, JobTypes.LAUNCH_TRAINING, Cause.FIRST, "why", 1, 7, params={"lr": 1e-05}
)


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFiles:
    return SweepFolder(tmp_path, utc_now).create("s")


def entry(number: int, nonce: str = "mine", *items: object) -> LedgerEntry:
    held = items or (SpecAdded(1, "digest", {"method": "grid"}),)
    return LedgerEntry(number, nonce, utc_now().isoformat(), "acts", held)  # type: ignore[arg-type] # items by their kind


def test_an_entry_is_read_as_it_was_written(sweep: SweepFiles) -> None:
    reached = Reached("s-0000", 1, 3.0, 3.5, math.inf)
    first, second = entry(1), entry(2, "n", LAUNCH, reached)

    assert sweep.append(first)
    assert sweep.append(second)

    assert SweepFiles(sweep.folder, utc_now).entries() == [first, second]
    assert sweep.entries(1) == [second]
    assert sweep.last_number() == 2


def test_a_number_is_used_once_and_our_own_entry_is_recognised(sweep: SweepFiles) -> None:
    assert sweep.append(entry(1, "mine"))
    assert sweep.append(entry(1, "mine"))
    assert not sweep.append(entry(1, "theirs"))
    assert sweep.entries()[0].nonce == "mine"


def _append(folder: Path, nonce: str, won: multiprocessing.Queue[str]) -> None:
    sweep = SweepFiles(folder, utc_now)
    for number in range(1, 31):
        while sweep.last_number() < number - 1:
            pass
        if sweep.append(entry(number, nonce)):
            won.put(nonce)


def test_of_several_processes_one_wins_each_number(sweep: SweepFiles) -> None:
    context = multiprocessing.get_context("fork")
    won: multiprocessing.Queue[str] = context.Queue()
    writers = [
        context.Process(target=_append, args=(sweep.folder, f"writer {number}", won))
        for number in range(3)
    ]
    for writer in writers:
        writer.start()
    winners = [won.get(timeout=60) for _ in range(30)]
    for writer in writers:
        writer.join(60)

    assert won.empty()
    assert sorted(winners) == sorted(each.nonce for each in sweep.entries())


def test_an_entry_after_a_gap_is_refused(sweep: SweepFiles) -> None:
    with pytest.raises(StateFileError, match="has no entry 1"):
        sweep.append(entry(2))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[:40], "is damaged"),
        (lambda text: text.replace('"spec"', '"speck"'), "is damaged"),
        (lambda text: text.replace('"number": 1', '"number": 3'), "has the number 3"),
        (lambda text: text.replace('"version": 1', '"version": 9'), "newer one"),
    ],
)
def test_a_damaged_entry_stops_everything_and_is_named(
    sweep: SweepFiles, damage: object, said: str
) -> None:
    sweep.append(entry(1))
    path = sweep.folder / "ledger" / "000001.json"
    path.write_text(damage(path.read_text()))  # type: ignore[operator] # a function of text

    with pytest.raises(StateFileError, match=said):
        SweepFiles(sweep.folder, utc_now).entries()


def test_a_field_of_a_later_version_is_skipped(sweep: SweepFiles) -> None:
    sweep.append(entry(1))
    path = sweep.folder / "ledger" / "000001.json"
    document = json.loads(path.read_text())
    document["items"][0]["later"] = document["later"] = 1
    path.write_text(json.dumps(document))

    assert SweepFiles(sweep.folder, utc_now).entries()[0].items == entry(1).items


def test_a_run_is_created_once(sweep: SweepFiles) -> None:
    sweep.init_run(LAUNCH)
    run = sweep.run("s-0000")
    sweep.update_run_summary(run, {**run.summary, "protein.state": "running"})
    sweep.init_run(LAUNCH)

    assert sweep.run("s-0000").summary["protein.state"] == "running"


def test_a_summary_that_changed_since_it_was_read_is_not_overwritten(sweep: SweepFiles) -> None:
    sweep.init_run(LAUNCH)
    old = sweep.run("s-0000")
    sweep.update_run_summary(old, {"theirs": 1})

    with pytest.raises(ConflictError, match="changed since it was read"):
        sweep.update_run_summary(old, {"ours": 1})
    assert sweep.run("s-0000").summary == {"theirs": 1}


def test_an_edit_that_does_not_count_the_revision_is_not_overwritten(sweep: SweepFiles) -> None:
    sweep.init_run(LAUNCH)
    old = sweep.run("s-0000")
    path = sweep.folder / "runs" / "s-0000" / "summary.json"
    document = json.loads(path.read_text())
    document["summary"]["note"] = "by hand"
    path.write_text(json.dumps(document))

    with pytest.raises(ConflictError, match="changed since it was read"):
        sweep.update_run_summary(old, {"ours": 1})
    assert sweep.run("s-0000").summary["note"] == "by hand"


def test_a_run_with_other_params_is_not_used_for_a_launch(sweep: SweepFiles) -> None:
    sweep.init_run(LAUNCH)

    with pytest.raises(StateFileError, match="s-0000 exists and has other params"):
        sweep.init_run(replace(LAUNCH, params={"lr": 0.5}))


def test_params_that_json_cannot_hold_are_compared(sweep: SweepFiles) -> None:
    launch = replace(LAUNCH, params={"lr": math.nan, "sizes": (1, 2)})
    sweep.init_run(launch)
    sweep.init_run(launch)


def test_a_new_summary_has_the_namespace_of_the_sweep_file(sweep: SweepFiles) -> None:
    sweep.append(entry(1, "n", SpecAdded(1, "d", {"janitor": {"namespace": "mine"}})))
    sweep.init_run(LAUNCH)

    assert sweep.run("s-0000").summary["mine.state"] == "initializing"
    assert "protein.state" not in sweep.run("s-0000").summary


def test_a_missing_folder_of_runs_does_not_mean_that_all_were_deleted(sweep: SweepFiles) -> None:
    sweep.init_run(LAUNCH)
    (sweep.folder / "runs").rename(sweep.folder / "elsewhere")

    with pytest.raises(StateFileError, match="runs is missing: restore it"):
        sweep.deleted()


def test_a_deleted_run_is_known_and_not_created_again(sweep: SweepFiles) -> None:
    sweep.init_run(LAUNCH)
    folder = sweep.folder / "runs" / "s-0000"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()

    assert sweep.deleted() == {"s-0000"}
    with pytest.raises(NotFoundError, match="was deleted"):
        sweep.init_run(LAUNCH)


def test_a_pass_sees_each_run_with_its_job(sweep: SweepFiles) -> None:
    sweep.append(entry(1))
    sweep.append(entry(2, "n", LAUNCH))
    sweep.init_run(LAUNCH)
    sweep.init_run(replace(LAUNCH, run="s-0001"))
    store = SweepRunsStore(sweep.folder, utc_now)
    (target,) = store.fetch_sweep_metadata(None)  # type: ignore[arg-type] # it has one answer

    first, other = store.fetch_runs(target.target).runs

    assert (first.path, first.wandb_state) == (f"{sweep.target}/s-0000", "pending")
    assert first.trial is not None
    assert (first.trial.status, first.trial.job) == ("pending", Liveness.UNKNOWN)
    assert other.trial is None
    assert store.fetch_summaries([first.path])[first.path] == first


def test_a_folder_of_run_files_whose_entity_is_called_sweeps_is_not_one_of_sweeps(
    tmp_path: Path,
) -> None:
    (tmp_path / "sweeps" / "project").mkdir(parents=True)

    assert not holds_sweeps(tmp_path)
    SweepFolder(tmp_path, utc_now).create("s")
    assert holds_sweeps(tmp_path)


def test_a_folder_resolves_into_its_sweeps(tmp_path: Path) -> None:
    catalog = SweepFolder(tmp_path, utc_now)
    for name in ("b", "a"):
        catalog.create(name)

    found = SweepRunsStore(tmp_path, utc_now).fetch_sweep_metadata(None)  # type: ignore[arg-type] # as above

    assert [each.name for each in found] == ["a", "b"] == list(catalog.names())
    with pytest.raises(NotFoundError):
        catalog.open("../etc")


def test_a_store_below_a_folder_called_sweeps_is_a_folder_of_sweeps(tmp_path: Path) -> None:
    folder = tmp_path / "sweeps" / "store"
    SweepFolder(folder, utc_now).create("a")

    found = SweepRunsStore(folder, utc_now).fetch_sweep_metadata(None)  # type: ignore[arg-type] # as above

    assert [each.name for each in found] == ["a"]
