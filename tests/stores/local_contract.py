"""What of the stores' contract holds for stores of files whose runs are made by others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from janitor.errors import NotFoundError, TransientError
from janitor.model import RunInfo, SweepRunState, Target, WandbState
from janitor.ports import Store
from tests.stores.backends import read, same_json

AWKWARD = {
    "bounds": {"a": float("inf"), "b": [float("-inf"), float("nan")]},
    "big": {"n": 10**30, "x": 0.1, "tiny": 1e-320},
    "texts": {"été": "\N{GRINNING FACE}", "a\0b": "\u2028", "": "\ud83d", "$number": "Infinity"},
    "deep": {"protein": {"list": [1, [2, {"x": None}]]}},
}


@dataclass(frozen=True, slots=True)
class LocalBackend:
    """A store, and the world behind it."""

    store: Store
    target: Target
    missing: Target
    """A target of the store's kind that is not there."""
    add: Callable[[str], None]
    """Makes a run of this name that is under way."""
    touch: Callable[[str], None]
    """The run's own process writes it."""

    def path(self, name: str) -> str:
        """The path of a run."""
        return f"{self.target}/{name}"


class LocalContract:
    """Subclass it, and override ``backend``."""

    @pytest.fixture
    def backend(self) -> LocalBackend:
        raise NotImplementedError

    @pytest.fixture
    def run(self, backend: LocalBackend) -> RunInfo:
        backend.add("r1")
        return read(backend.store, backend.path("r1"))

    def test_a_target_stands_for_itself(self, backend: LocalBackend) -> None:
        backend.add("r1")
        (found,) = backend.store.fetch_sweep_metadata(backend.target)
        assert (found.target, found.path) == (backend.target, str(backend.target))

    def test_a_target_that_is_not_there_is_an_error(self, backend: LocalBackend) -> None:
        with pytest.raises(NotFoundError, match="missing"):
            backend.store.fetch_sweep_metadata(backend.missing)

    def test_every_run_is_handed_out_once(self, backend: LocalBackend) -> None:
        for number in range(20):
            backend.add(f"r{number}")
        page = backend.store.fetch_runs(backend.target)
        assert {run.id for run in page.runs} == {f"r{number}" for number in range(20)}
        assert (len(page.runs), page.run_count, page.after) == (20, 20, None)

    def test_a_run_shows_its_state_and_no_word_of_wandb(self, run: RunInfo) -> None:
        assert run.summary["protein.state"] == "running"
        assert run.wandb_state == WandbState("")
        assert run.heartbeat_at is not None

    def test_each_path_has_its_own_answer(self, backend: LocalBackend) -> None:
        backend.add("r1")
        paths = [backend.path("r1"), backend.path("nobody")]
        found = backend.store.fetch_summaries(paths)
        assert isinstance(found[paths[0]], RunInfo)
        assert isinstance(found[paths[1]], NotFoundError)
        assert backend.store.fetch_summaries([]) == {}

    @pytest.mark.parametrize("extra", AWKWARD.values(), ids=AWKWARD.keys())
    def test_every_value_survives_a_write(
        self, backend: LocalBackend, run: RunInfo, extra: dict[str, object]
    ) -> None:
        written = {**run.summary, **extra}
        backend.store.update_run_summary(run, written)
        assert same_json(read(backend.store, run.path).summary, written)

    @pytest.mark.parametrize("state", SweepRunState)
    def test_every_state_survives_a_write(
        self, backend: LocalBackend, run: RunInfo, state: SweepRunState
    ) -> None:
        written = {**run.summary, "protein.state": state.value, "protein.janitor.state": state}
        backend.store.update_run_summary(run, written)
        found = read(backend.store, run.path).summary
        shared = state is SweepRunState.EVALUATING and found["protein.state"] == "running"
        assert shared or same_json(found, written)

    def test_a_write_replaces_the_summary(self, backend: LocalBackend, run: RunInfo) -> None:
        backend.store.update_run_summary(run, {**run.summary, "a": 1})
        again = read(backend.store, run.path)
        backend.store.update_run_summary(again, run.summary)
        assert read(backend.store, run.path).summary == run.summary

    def test_a_run_that_moved_on_is_not_covered(self, backend: LocalBackend, run: RunInfo) -> None:
        backend.touch("r1")
        with pytest.raises(TransientError, match="by another meanwhile"):
            backend.store.update_run_summary(run, {**run.summary, "a": 1})
        assert "a" not in read(backend.store, run.path).summary

    def test_reads_are_fresh(self, backend: LocalBackend, run: RunInfo) -> None:
        backend.touch("r1")
        assert read(backend.store, run.path) != run

    def test_a_run_that_is_gone_cannot_be_written(
        self, backend: LocalBackend, run: RunInfo
    ) -> None:
        with pytest.raises(NotFoundError):
            backend.store.update_run_summary(replace(run, id="nobody"), run.summary)

    def test_a_run_leaves_no_summary_behind(self, backend: LocalBackend, run: RunInfo) -> None:
        assert backend.store.fetch_uploaded_summary(run.path) is None
