"""Who may manage a state file that a process of another machine says it holds."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from janitor.errors import HeldError
from janitor.runtime.processes import ProcessIdentity
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
