"""Reading what the real SDK leaves of a run on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from janitor.lifecycle.run_folders import RunFolder, find_run_folders
from tests.lifecycle.lifecycle_runs import start_training

LONG = """
run = wandb.init(entity="acme", project="my proj", id="r1")
for step in range(60):
    run.log({"text": "x" * 50_000, "step": step})
run.finish(exit_code=3)
print(os.getpid())
"""


def logged(folder: Path, code: str) -> tuple[RunFolder, str]:
    process = start_training(folder, code)
    out, err = process.communicate(timeout=120)
    (found,) = find_run_folders([folder / "wandb_dir"], since=0)
    assert process.returncode == 0, err
    return found, out


def test_place_end_and_process_are_read_from_a_log_of_many_blocks(tmp_path: Path) -> None:
    found, out = logged(tmp_path, LONG)
    (log,) = found.path.glob("*.wandb")
    assert log.stat().st_size > 2 * 2**20  # more than is read from either end
    assert (found.run_id, found.is_offline) == ("r1", True)
    assert found.place() == ("acme", "my proj")
    assert found.exit_code() == 3
    assert found.process() == int(out)


def test_a_log_that_was_cut_off_says_nothing(tmp_path: Path) -> None:
    found, _ = logged(tmp_path, LONG)
    (log,) = found.path.glob("*.wandb")
    os.truncate(log, 7)
    assert (found.place(), found.exit_code()) == (None, None)
    log.write_bytes(b"\xff" * 100_000)
    assert (found.place(), found.exit_code()) == (None, None)
    log.unlink()
    (found.path / "logs" / "debug.log").unlink()
    assert (found.place(), found.exit_code(), found.process()) == (None, None, None)


def test_folders_are_found_by_their_age(tmp_path: Path) -> None:
    for name in ("run-20260101_000000-old", "run-20260102_000000-new", "latest-run", "sweep-s1"):
        (tmp_path / "wandb" / name).mkdir(parents=True)
    os.utime(tmp_path / "wandb" / "run-20260101_000000-old", (1000, 1000))
    os.utime(tmp_path / "wandb" / "run-20260102_000000-new", (2000, 2000))
    roots = [tmp_path, tmp_path / "nothing-here"]
    assert [found.run_id for found in find_run_folders(roots, since=0)] == ["old", "new"]
    assert [found.run_id for found in find_run_folders(roots, since=1500)] == ["new"]
