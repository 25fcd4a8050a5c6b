"""The contract of every store, as tests: a backend overrides the fixture ``plain``.

All of it is run twice: over the store as it is, and behind the wrapper that asks again.

What the tests say is what :mod:`janitor.model.ports` says. They use of a run what every store can
hold: a state that says running, and further keys. What W&B's sweeps, groups and projects add
stands in :mod:`tests.stores.sweep_contract`; what files that others write to add, in
:mod:`tests.stores.local_contract`.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from janitor.errors import NotFoundError
from janitor.model import RunInfo, SweepRunState
from janitor.model.ports import Store
from tests.stores.backends import (
    RUNNING,
    Backend,
    World,
    a_run,
    asked_again,
    names,
    pages,
    read,
    runs_in_order,
    same_json,
)

AWKWARD = {
    "bounds": '{"a": Infinity, "b": [-Infinity, NaN], "c": {"d": -Infinity}}',
    "big integers": '{"n": 123456789012345678901234567890, "m": -9007199254740993}',
    "floats": '{"x": 0.1, "y": 1e-320, "z": 1.7976931348623157e308, "zero": -0.0, "one": 1.0}',
    "unicode": '{"\\u00e9t\\u00e9": "\\ud83d\\ude00", "a\\u0000b": "\\u2028", "": "no name"}',
    "nested": '{"protein": {"deep": {"list": [1, [2, {"x": null}]]}}, "a.b": {"c.d": 1}}',
    "half a pair": '{"x": "\\ud83d"}',
    "null values": '{"x": null, "y": [null], "z": {}}',
    "words of our own": '{"$number": "Infinity", "status": "done", "_janitor": {"version": 9}}',
}


class BackendTests:
    """Tests of any backend."""

    @pytest.fixture
    def plain(self) -> Backend:
        raise NotImplementedError

    @pytest.fixture(params=["plain", "retrying"])
    def backend(self, plain: Backend, request: pytest.FixtureRequest) -> Backend:
        return asked_again(plain) if request.param == "retrying" else plain

    @pytest.fixture
    def store(self, backend: Backend) -> Store:
        return backend.store

    @pytest.fixture
    def world(self, backend: Backend) -> World:
        return backend.world


class ListingContract(BackendTests):
    """What :class:`janitor.model.ports.SweepReader` promises."""

    def test_a_target_stands_for_itself(self, backend: Backend) -> None:
        backend.world.add(a_run("r1"))
        target = backend.target()
        (found,) = backend.store.fetch_sweep_metadata(target)
        assert (found.target, found.path) == (target, str(target))

    def test_what_does_not_exist_is_an_error_that_names_it(self, backend: Backend) -> None:
        backend.world.add(a_run("r1"))
        for missing in (backend.target("missing"), backend.target("s1", "acme/missing")):
            with pytest.raises(NotFoundError, match="missing"):
                backend.store.fetch_sweep_metadata(missing)

    def test_every_run_is_handed_out_once_the_oldest_first(self, backend: Backend) -> None:
        count = 101
        backend.world.add(*runs_in_order(count))
        found = list(pages(backend.store, backend.target()))
        full, rest = divmod(count, backend.page_size)
        assert [len(page.runs) for page in found] == [backend.page_size] * full + [rest]
        together = [name for page in found for name in names(page.runs)]
        assert together == [f"r{number:03}" for number in range(count)]

    def test_every_page_has_the_number_of_runs(self, backend: Backend) -> None:
        count = 51
        backend.world.add(*runs_in_order(count))
        first = backend.store.fetch_runs(backend.target())
        backend.world.add(a_run("late"))
        last = backend.store.fetch_runs(backend.target(), first.after)
        assert (first.run_count, last.run_count) == (count, count + 1)
        assert names(last.runs)[-1] == "late"

    def test_a_target_holds_its_own_runs_alone(self, backend: Backend) -> None:
        backend.world.add(
            a_run("ours"),
            a_run("of-another-sweep", sweep="s2"),
            a_run("of-another-project", project="acme/other"),
        )
        for target, name in (
            (backend.target(), "ours"),
            (backend.target("s2"), "of-another-sweep"),
            (backend.target("s1", "acme/other"), "of-another-project"),
        ):
            assert names(backend.store.fetch_runs(target).runs) == [name]

    def test_a_target_without_runs_is_an_empty_page(self, backend: Backend) -> None:
        backend.world.add(a_run("r1"))
        page = backend.store.fetch_runs(backend.world.empty())
        assert (page.runs, page.run_count, page.after) == ((), 0, None)

    def test_a_run_is_returned_as_the_store_has_it(self, backend: Backend) -> None:
        summary = {**RUNNING, "protein.objective": 0.5, "_timestamp": 9}
        backend.world.add(a_run("r1", heartbeat_at="2026-03-01T11:00:00Z", summary=summary))
        (run,) = backend.store.fetch_runs(backend.target()).runs
        assert (run.path, run.name) == (backend.path("r1"), "r1")
        assert str(run.heartbeat_at).startswith("2026-03-01T11:00:00")
        assert {key: run.summary[key] for key in summary} == summary
        assert run.defect is None

    def test_a_run_that_never_sent_a_heartbeat_has_none(self, backend: Backend) -> None:
        backend.world.add(a_run("r1", heartbeat_at=None))
        assert backend.store.fetch_runs(backend.target()).runs[0].heartbeat_at is None

    def test_a_scan_brings_all_that_the_rules_read(self, backend: Backend) -> None:
        ours = {"state": "timeout", "objective": 1.5, "heartbeat": "h", "last_update": "u"}
        marks = {"rule": "x", "previous_state": "running", "state": "timeout", "at": "t"}
        summary = {f"protein.{key}": value for key, value in ours.items()}
        summary |= {f"protein.janitor.{key}": value for key, value in marks.items()}
        backend.world.add(a_run("r1", summary={**summary, "loss": 1, "_timestamp": 2}))
        found = backend.store.fetch_runs(backend.target()).runs[0].summary
        assert {key: found[key] for key in summary} == summary
        assert found["_timestamp"] == 2


class SummaryContract(BackendTests):
    """What the readers and the writer of single runs promise."""

    # -- runs, whole and fresh

    def test_whole_summaries_are_fresh(self, backend: Backend) -> None:
        path = backend.path("r1")
        backend.world.add(a_run("r1", summary={**RUNNING, "loss": 1}))
        assert read(backend.store, path).summary == {**RUNNING, "loss": 1}
        changed = {**RUNNING, "loss": 2, "new": [3]}
        backend.world.put_summary(path, json.dumps(changed))
        assert read(backend.store, path).summary == changed

    def test_each_path_has_its_own_answer(self, backend: Backend) -> None:
        backend.world.add(a_run("r1"), a_run("r2", project="acme/other"))
        here, there = backend.path("r1"), backend.path("r2", "acme/other")
        gone = [backend.path("missing"), backend.path("r1", "acme/nowhere")]
        paths = [there, gone[0], here, gone[1]]
        found = backend.store.fetch_summaries(paths)
        assert set(found) == set(paths)
        for path in (here, there):
            run = found[path]
            assert isinstance(run, RunInfo)
            assert run.path == path
        for path in gone:
            assert isinstance(found[path], NotFoundError)

    def test_of_no_paths_nothing_is_read(self, store: Store) -> None:
        assert store.fetch_summaries([]) == {}

    def test_more_runs_than_a_batch_are_read(self, backend: Backend) -> None:
        count = 120
        backend.world.add(
            *(a_run(f"r{number}", summary={**RUNNING, "n": number}) for number in range(count))
        )
        paths = [backend.path(f"r{number}") for number in range(count)]
        found = backend.store.fetch_summaries(paths)
        assert len(found) == count
        for number, path in enumerate(paths):
            run = found[path]
            assert isinstance(run, RunInfo)
            assert run.summary == {**RUNNING, "n": number}

    def test_names_with_odd_letters_are_read_and_written(self, backend: Backend) -> None:
        backend.world.add(a_run(backend.odd_name, summary={**RUNNING, "n": 1}))
        (listed,) = backend.store.fetch_runs(backend.target()).runs
        assert listed.path == backend.path(backend.odd_name)
        run = read(backend.store, listed.path)
        assert (run.name, run.summary) == (backend.odd_name, {**RUNNING, "n": 1})
        backend.store.update_run_summary(run, {**RUNNING, "n": 2})
        assert backend.world.summary(listed.path) == {**RUNNING, "n": 2}

    # -- writing

    def test_a_write_replaces_the_summary(self, backend: Backend) -> None:
        summary = {**RUNNING, "a": 1, "b": 2}
        backend.world.add(a_run("r1", summary=summary), a_run("r2", summary=summary))
        path = backend.path("r1")
        written = {**RUNNING, "b": 3, "c": 4}
        backend.store.update_run_summary(read(backend.store, path), written)
        assert backend.world.summary(path) == written
        assert backend.world.summary(backend.path("r2")) == summary
        assert read(backend.store, path).summary == written

    @pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
    def test_every_value_survives_a_round_trip(self, backend: Backend, text: str) -> None:
        summary = {**json.loads(text), **RUNNING}
        backend.world.add(a_run("r1", summary=RUNNING), a_run("r2", summary=RUNNING))
        backend.world.put_summary(backend.path("r1"), json.dumps(summary))
        found = read(backend.store, backend.path("r1"))
        assert same_json(found.summary, summary)
        path = backend.path("r2")
        backend.store.update_run_summary(read(backend.store, path), found.summary)
        assert same_json(backend.world.summary(path), summary)
        assert same_json(read(backend.store, path).summary, summary)

    @pytest.mark.parametrize("state", SweepRunState)
    def test_every_state_survives_a_round_trip(
        self, backend: Backend, state: SweepRunState
    ) -> None:
        backend.world.add(a_run("r1", summary=RUNNING))
        path = backend.path("r1")
        written = {"protein.state": state.value, "protein.janitor.state": state.value}
        backend.store.update_run_summary(read(backend.store, path), written)
        assert read(backend.store, path).summary == written

    def test_five_megabytes_survive_a_round_trip(self, backend: Backend) -> None:
        summary = {**RUNNING, "big": ["x" * 1000, "ä"] * 5000, "bound": math.inf}
        backend.world.add(a_run("r1", summary=summary))
        path = backend.path("r1")
        found = read(backend.store, path)
        backend.store.update_run_summary(found, {**found.summary, "n": 1})
        assert backend.world.summary(path) == {**summary, "n": 1}

    def test_a_run_that_is_gone_cannot_be_written(self, backend: Backend) -> None:
        backend.world.add(a_run("r1", summary=RUNNING))
        run = read(backend.store, backend.path("r1"))
        gone = replace(run, id="r2", storage_id="UnVuOnYxOmdvbmU=")
        with pytest.raises(NotFoundError):
            backend.store.update_run_summary(gone, RUNNING)

    # -- what a run's own process left behind

    def test_a_run_that_left_no_file_has_no_uploaded_summary(self, backend: Backend) -> None:
        backend.world.add(a_run("r1"))
        assert backend.store.fetch_uploaded_summary(backend.path("r1")) is None


class StoreContract(ListingContract, SummaryContract):
    """A backend's tests: subclass it, and override ``plain``."""
