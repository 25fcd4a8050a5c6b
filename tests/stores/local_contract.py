"""What the contract adds for files to which programs write that know nothing of the janitor."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest

from janitor.errors import RejectedError, TransientError
from janitor.model import SweepRunState, WandbState
from janitor.stores.state_words import Words
from tests.stores.backends import RUNNING, Backend, a_run, read
from tests.stores.contract import StoreContract


def check_total(words: Words[Any], statuses: type[StrEnum]) -> None:
    """Check that each status and each state has its word, and that the words map back."""
    assert set(words.ours) == set(statuses)
    assert set(words.theirs) == set(SweepRunState)
    for status, state in words.ours.items():
        assert words.theirs[state] is status


class LocalStoreContract(StoreContract):
    """A backend's tests: subclass it, and override ``plain``."""

    def test_a_run_has_no_word_of_wandb(self, backend: Backend) -> None:
        backend.world.add(a_run("r1"))
        (run,) = backend.store.fetch_runs(backend.target()).runs
        assert run.wandb_state == WandbState("")

    def test_a_run_that_moved_on_is_not_covered(self, backend: Backend) -> None:
        backend.world.add(a_run("r1", summary=RUNNING))
        run = read(backend.store, backend.path("r1"))
        moved = {**RUNNING, "loss": 2}
        backend.world.put_summary(run.path, json.dumps(moved))
        with pytest.raises(TransientError, match="by another process meanwhile"):
            backend.store.update_run_summary(run, {**run.summary, "a": 1})
        assert backend.world.summary(run.path) == moved

    @pytest.mark.parametrize("summary", [{}, {"protein.state": "odd"}, {"protein.state": 1}])
    def test_what_has_no_word_is_not_written(
        self, backend: Backend, summary: dict[str, object]
    ) -> None:
        backend.world.add(a_run("r1", summary=RUNNING))
        run = read(backend.store, backend.path("r1"))
        with pytest.raises(RejectedError, match="is not a state"):
            backend.store.update_run_summary(run, summary)
        assert backend.world.summary(run.path) == RUNNING
