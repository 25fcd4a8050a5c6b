"""Who may manage a state file that a process of another machine says it holds."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from janitor.errors import HeldError
from janitor.runtime.processes import ProcessIdentity
from janitor.storage.rescue import keep_copy
from janitor.tasks import TaskManager
from tests.experiments.samples import dead_process, of_another_host
from tests.tasks.workplace import Bench, statuses


def note_of(bench: Bench) -> Path:
    return bench.folder / f".{bench.name}.holder.json"


def left_by(bench: Bench, owner: ProcessIdentity, seconds_ago: float) -> None:
    """What a manager leaves whose machine's locks do not reach this one, or that was killed."""
    manager = bench.manager()
    manager.add("a")
    bench.dies(manager)
    note_of(bench).write_text(owner.model_dump_json())
    then = time.time() - seconds_ago
    os.utime(note_of(bench), (then, then))


def test_a_manager_that_works_elsewhere_is_not_joined(bench: Bench) -> None:
    left_by(bench, of_another_host(), 40)
    before = bench.document()
    for _ in range(2):
        with pytest.raises(
            HeldError, match=r"on elsewhere .* was at work 4\d s ago: .* in 1\d\d s"
        ):
            bench.manager()
    assert bench.document() == before
    note_of(bench).unlink()
    assert statuses(bench.manager()) == {"a": "pending"}


def test_one_that_renewed_its_hold_long_ago_is_gone(bench: Bench) -> None:
    left_by(bench, of_another_host(), 151)
    assert statuses(bench.manager()) == {"a": "pending"}


def test_one_of_this_machine_that_is_known_to_be_gone_is_not_waited_for(bench: Bench) -> None:
    left_by(bench, dead_process(), 0)
    assert statuses(bench.manager()) == {"a": "pending"}


def test_each_save_renews_the_hold(bench: Bench) -> None:
    manager = bench.manager()
    os.utime(note_of(bench), (0, 0))
    manager.save()
    assert time.time() - note_of(bench).stat().st_mtime < 60


HELD_ELSEWHERE = """
import sys
from janitor.tasks import TaskManager
with TaskManager(sys.argv[1], say=lambda _: None) as manager:
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_manager(bench: Bench) -> Iterator[None]:
    command = [sys.executable, "-c", HELD_ELSEWHERE, str(bench.state_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield
        other.kill()


def lock_of(bench: Bench) -> Path:
    return bench.folder / f".{bench.name}.lock"


def test_a_second_manager_is_refused_although_the_lock_file_was_removed(bench: Bench) -> None:
    with another_manager(bench):
        lock_of(bench).unlink()
        with pytest.raises(HeldError, match="although its lock file was removed"):
            bench.manager()
    assert statuses(bench.manager()) == {}


def test_a_second_manager_in_the_same_process_is_refused_as_well(bench: Bench) -> None:
    manager = bench.manager()
    lock_of(bench).unlink()
    with pytest.raises(HeldError, match="although its lock file was removed"):
        bench.manager()
    manager.release()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_manager_whose_lock_file_is_gone_writes_nothing_more(
    bench: Bench, *, replaced: bool
) -> None:
    manager = bench.manager()
    manager.add("a")
    before = bench.document()
    lock_of(bench).unlink()
    note_of(bench).unlink()
    if replaced:
        lock_of(bench).touch()
    for write in (lambda: manager.add("b"), manager.save):
        with pytest.raises(HeldError, match="was removed or replaced"):
            write()
    manager.release()
    assert bench.document() == before
    assert statuses(bench.manager()) == {"a": "pending"}


def test_a_manager_that_was_dropped_without_a_word_does_not_seem_to_be_at_work(
    bench: Bench,
) -> None:
    bench.manager()
    gc.collect()
    assert not note_of(bench).exists()
    assert statuses(bench.manager()) == {}


@pytest.mark.parametrize("place", ["link.json", "elsewhere/link.json"])
def test_a_state_with_a_second_name_is_managed_under_neither(bench: Bench, place: str) -> None:
    manager = bench.manager()
    manager.add("a")
    manager.close()
    link = bench.folder / place
    link.parent.mkdir(exist_ok=True)
    link.hardlink_to(bench.state_file)
    for path in (bench.state_file, link):
        with pytest.raises(HeldError, match="hard link"):
            TaskManager(path, say=bench.lines.append)
    link.unlink()
    assert statuses(bench.manager()) == {"a": "pending"}


def test_the_backups_of_a_state_are_not_second_names(bench: Bench) -> None:
    manager = bench.manager()
    manager.save()
    manager.release()
    keep_copy(bench.state_file, bench.folder / f"{bench.name}.1")
    assert bench.state_file.stat().st_nlink == 2
    assert statuses(bench.manager()) == {}
