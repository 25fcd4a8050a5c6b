"""What the contract adds for files to which programs write that know nothing of the janitor."""

from __future__ import annotations

import json

import pytest

from janitor.errors import RejectedError, TransientError
from janitor.model import WandbState
from tests.stores.backends import RUNNING, Backend, a_run, read
from tests.stores.contract import StoreContract


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
        with pytest.raises(RejectedError, match="is no state"):
            backend.store.update_run_summary(run, summary)
        assert backend.world.summary(run.path) == RUNNING
