from __future__ import annotations

import json
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from janitor.errors import ConflictError, NotFoundError, StateFileError
from janitor.model import LocalTarget, RunInfo
from janitor.stores.run_files import FileStore
from tests.stores.backends import Backend, a_run, read
from tests.stores.contract import StoreContract
from tests.stores.file_world import FileWorld, FolderWorld, OldFileWorld
from tests.stores.local_worlds import local_backend
from tests.stores.sweep_contract import SweepStoreContract

PAGE = 50


def now() -> datetime:
    return datetime.now(UTC)


class TestFileStore(SweepStoreContract):
    @pytest.fixture
    def plain(self, tmp_path: Path) -> Backend:
        return Backend(FileStore(tmp_path, now, PAGE), FileWorld(tmp_path), PAGE)


class TestFileStoreOverFilesOfTheFirstVersion(SweepStoreContract):
    @pytest.fixture
    def plain(self, tmp_path: Path) -> Backend:
        return Backend(FileStore(tmp_path, now, PAGE), OldFileWorld(tmp_path), PAGE)


class TestFileStoreAsOneTarget(StoreContract):
    @pytest.fixture
    def plain(self, tmp_path: Path) -> Backend:
        return local_backend(FolderWorld(tmp_path))


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    FileWorld(tmp_path).add(a_run("r1", summary={"n": 0}), a_run("r2"))
    return FileStore(tmp_path, now)


def test_a_whole_folder_is_a_target(store: FileStore, tmp_path: Path) -> None:
    target = LocalTarget("file", str(tmp_path))
    runs = store.fetch_runs(target).runs
    assert [run.path for run in runs] == [
        f"file:{tmp_path}/acme%2Frl%2Fr1",
        f"file:{tmp_path}/acme%2Frl%2Fr2",
    ]
    store.update_run_summary(runs[0], {"n": 1})
    assert read(store, runs[0].path).summary == {"n": 1}
    assert read(store, "acme/rl/r1").summary == {"n": 1}


def test_a_folder_of_other_files_is_not_an_empty_folder_of_runs(tmp_path: Path) -> None:
    target = LocalTarget("file", str(tmp_path))
    store = FileStore(tmp_path, now)
    assert store.fetch_sweep_metadata(target)
    (tmp_path / "exp_1.json").write_text("{}")
    with pytest.raises(NotFoundError, match=r"holds no run: .* is it experiments:"):
        store.fetch_sweep_metadata(target)


def test_a_run_is_made_once(store: FileStore) -> None:
    with pytest.raises(ConflictError, match="acme/rl/r1 already"):
        store.init_run(read(store, "acme/rl/r1"))


@pytest.mark.parametrize("path", ["../../etc/passwd", "acme/..", "acme/rl/../../x", "x"])
def test_no_path_leads_out_of_the_folder(store: FileStore, path: str) -> None:
    assert isinstance(store.fetch_summaries([path])[path], NotFoundError)


def test_a_damaged_run_is_set_aside_and_its_last_good_copy_used(
    store: FileStore, tmp_path: Path
) -> None:
    store.update_run_summary(read(store, "acme/rl/r1"), {"n": 1})
    file = tmp_path / "acme" / "rl" / "r1.json"
    file.write_bytes(file.read_bytes()[:30])
    assert read(store, "acme/rl/r1").summary == {"n": 0}
    assert list(file.parent.glob("r1.json.corrupt-*"))


VERSIONS = {
    0: {"state": "running", "sweep": "s1", "summary": {"loss": 1}},
    1: {"version": 1, "state": "running", "sweep": "s1", "name": "sun", "summary": {"loss": 1}},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_every_version_are_read(tmp_path: Path, version: int) -> None:
    file = tmp_path / "acme" / "rl" / "r1.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(VERSIONS[version]))
    run = read(FileStore(tmp_path, now), "acme/rl/r1")
    assert (run.wandb_state, run.sweep, run.summary) == ("running", "s1", {"loss": 1})


def test_a_newer_version_is_refused(store: FileStore, tmp_path: Path) -> None:
    file = tmp_path / "acme" / "rl" / "r1.json"
    file.write_text(json.dumps({"version": 99}))
    found = store.fetch_summaries(["acme/rl/r1"])["acme/rl/r1"]
    assert isinstance(found, StateFileError)
    assert "of version 99" in str(found)


def _write(folder: Path, number: int) -> None:
    store = FileStore(folder, now)
    for step in range(50):
        run = read(store, f"acme/rl/r{number}")
        store.update_run_summary(run, {"n": step})


def test_processes_that_write_different_runs_lose_nothing(store: FileStore, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(tmp_path, number)) for number in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = store.fetch_summaries(["acme/rl/r1", "acme/rl/r2"]).values()
    assert [run.summary for run in found if isinstance(run, RunInfo)] == [{"n": 49}] * 2
