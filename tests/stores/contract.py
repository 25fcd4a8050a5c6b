"""The contract of a store, as tests: a backend overrides the fixture ``backend``, and inherits all.

What the tests say is what :mod:`janitor.ports` says.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from janitor.errors import NotFoundError
from janitor.model import RunInfo, Target, TargetKind, WandbState
from janitor.ports import Store
from tests.stores.backends import (
    GROUP,
    PROJECT,
    SWEEP,
    WHOLE_PROJECT,
    Backend,
    World,
    a_run,
    names,
    pages,
    read,
    runs_in_order,
    same_json,
)

AWKWARD = {
    "bounds": '{"a": Infinity, "b": -Infinity, "c": NaN, "protein.state": "running"}',
    "big integers": '{"n": 123456789012345678901234567890, "m": -9007199254740993}',
    "floats": '{"x": 0.1, "y": 1e-320, "z": 1.7976931348623157e308, "zero": -0.0}',
    "unicode": '{"\\u00e9t\\u00e9": "\\ud83d\\ude00", "a\\u0000b": "\\u2028", "": "no name"}',
    "nested": '{"protein": {"state": "running", "deep": {"list": [1, [2, {"x": null}]]}}}',
    "half a pair": '{"x": "\\ud83d", "protein.state": "running"}',
    "null values": '{"x": null, "protein.state": null}',
}


class BackendTests:
    """Tests of any backend."""

    @pytest.fixture
    def backend(self) -> Backend:
        raise NotImplementedError

    @pytest.fixture
    def store(self, backend: Backend) -> Store:
        return backend.store

    @pytest.fixture
    def world(self, backend: Backend) -> World:
        return backend.world


class ListingContract(BackendTests):
    """What :class:`janitor.ports.SweepReader` promises."""

    # -- what a target stands for

    def test_a_sweep_stands_for_itself(self, store: Store, world: World) -> None:
        world.add(a_run("r1"))
        (sweep,) = store.fetch_sweep_metadata(SWEEP)
        assert (sweep.target, sweep.path) == (SWEEP, "acme/rl/s1")

    def test_a_project_stands_for_all_its_sweeps(self, store: Store, world: World) -> None:
        count = 103  # more than a page of sweeps
        world.add(*(a_run(f"r{number}", sweep=f"s{number}") for number in range(count)))
        world.add({"project": "acme/other", "name": "r", "sweep": "elsewhere"})
        found = store.fetch_sweep_metadata(WHOLE_PROJECT)
        assert {sweep.path for sweep in found} == {f"acme/rl/s{number}" for number in range(count)}
        assert {sweep.target.kind for sweep in found} == {TargetKind.SWEEP}

    def test_a_project_without_sweeps_stands_for_none(self, store: Store, world: World) -> None:
        world.add({"project": PROJECT, "name": "lonely"})
        assert list(store.fetch_sweep_metadata(WHOLE_PROJECT)) == []

    def test_a_group_stands_for_itself(self, store: Store, world: World) -> None:
        world.add(a_run("r1", sweep=None, group="g1"))
        (group,) = store.fetch_sweep_metadata(GROUP)
        assert (group.target, group.path) == (GROUP, "acme/rl/g1")

    @pytest.mark.parametrize(
        "target",
        [
            Target(TargetKind.SWEEP, "acme", "rl", "missing"),
            Target(TargetKind.GROUP, "acme", "rl", "missing"),
            Target(TargetKind.PROJECT, "acme", "missing"),
            Target(TargetKind.SWEEP, "acme", "missing", "s1"),
            Target(TargetKind.GROUP, "nobody", "rl", "g1"),
        ],
        ids=str,
    )
    def test_what_does_not_exist_is_an_error_that_names_it(
        self, store: Store, world: World, target: Target
    ) -> None:
        world.add(a_run("r1", group="g1"))
        with pytest.raises(NotFoundError, match=r"missing|nobody"):
            store.fetch_sweep_metadata(target)

    # -- the runs of a target

    def test_every_run_is_handed_out_once_the_oldest_first(self, backend: Backend) -> None:
        count = 2 * backend.page_size + 1
        backend.world.add(*runs_in_order(count))
        found = list(pages(backend.store, SWEEP))
        assert [len(page.runs) for page in found] == [backend.page_size, backend.page_size, 1]
        together = [name for page in found for name in names(page.runs)]
        assert together == [f"r{number:03}" for number in range(count)]

    def test_every_page_tells_how_many_runs_there_are(self, backend: Backend) -> None:
        count = backend.page_size + 1
        backend.world.add(*runs_in_order(count))
        first = backend.store.fetch_runs(SWEEP)
        backend.world.add(a_run("late"))
        last = backend.store.fetch_runs(SWEEP, first.after)
        assert (first.run_count, last.run_count) == (count, count + 1)
        assert names(last.runs)[-1] == "late"

    def test_a_target_holds_its_own_runs_alone(self, store: Store, world: World) -> None:
        world.add(
            a_run("in the sweep"),
            a_run("in both", group="g1"),
            a_run("in the group", sweep=None, group="g1"),
            a_run("of another sweep", sweep="s2", group="g2"),
            a_run("of another project", project="acme/other", group="g1"),
        )
        assert set(names(store.fetch_runs(SWEEP).runs)) == {"in the sweep", "in both"}
        assert set(names(store.fetch_runs(GROUP).runs)) == {"in both", "in the group"}

    def test_a_target_without_runs_is_an_empty_page(self, store: Store, world: World) -> None:
        world.add(a_run("r1"))
        page = store.fetch_runs(GROUP)
        assert (page.runs, page.run_count, page.after) == ((), 0, None)

    def test_a_run_is_told_as_the_store_has_it(self, store: Store, world: World) -> None:
        world.add(
            a_run(
                "r1",
                display_name="swift-sun-1",
                state="preempting",
                group="g1",
                tags=["janitor:ignore", "b"],
                created_at="2026-03-01T10:00:00",
                heartbeat_at="2026-03-01T11:00:00Z",
                history_line_count=12,
                summary={"protein.state": "running", "protein.objective": 0.5, "_timestamp": 9},
            )
        )
        (run,) = store.fetch_runs(SWEEP).runs
        assert (run.path, run.name) == ("acme/rl/r1", "swift-sun-1")
        assert run.wandb_state == WandbState("preempting")
        assert (run.sweep, run.group, set(run.tags)) == ("s1", "g1", {"janitor:ignore", "b"})
        assert str(run.created_at).startswith("2026-03-01T10:00:00")
        assert str(run.heartbeat_at).startswith("2026-03-01T11:00:00")
        assert run.history_lines == 12
        assert run.summary["protein.state"] == "running"
        assert (run.summary["protein.objective"], run.summary["_timestamp"]) == (0.5, 9)

    def test_a_run_that_never_sent_a_heartbeat_has_none(self, store: Store, world: World) -> None:
        world.add(a_run("r1", heartbeat_at=None))
        assert store.fetch_runs(SWEEP).runs[0].heartbeat_at is None

    @pytest.mark.parametrize("form", ["flat", "nested"])
    def test_a_scan_brings_all_that_the_rules_read(
        self, store: Store, world: World, form: str
    ) -> None:
        ours = {"state": "timeout", "objective": 1.5, "heartbeat": "h", "last_update": "u"}
        marks = {"rule": "x", "previous_state": "running", "state": "timeout", "at": "t"}
        flat = {f"protein.{key}": value for key, value in ours.items()}
        flat |= {f"protein.janitor.{key}": value for key, value in marks.items()}
        summary = flat if form == "flat" else {"protein": {**ours, "janitor": marks}}
        world.add(a_run("r1", summary={**summary, "loss": 1, "_timestamp": 2}))
        found = store.fetch_runs(SWEEP).runs[0].summary
        assert {key: found[key] for key in summary} == summary
        assert found["_timestamp"] == 2


class SummaryContract(BackendTests):
    """What the readers and the writer of single runs promise."""

    # -- runs, whole and fresh

    def test_whole_summaries_are_fresh(self, store: Store, world: World) -> None:
        world.add(a_run("r1", summary={"loss": 1}))
        assert read(store, "acme/rl/r1").summary == {"loss": 1}
        world.put_summary("acme/rl/r1", '{"loss": 2, "new": [3]}')
        assert read(store, "acme/rl/r1").summary == {"loss": 2, "new": [3]}

    def test_each_path_has_its_own_answer(self, store: Store, world: World) -> None:
        world.add(a_run("r1", summary={"n": 1}), a_run("r2", project="acme/other"))
        paths = ["acme/other/r2", "acme/rl/missing", "acme/rl/r1", "acme/nowhere/r1"]
        found = store.fetch_summaries(paths)
        assert set(found) == set(paths)
        assert isinstance(found["acme/rl/r1"], RunInfo)
        assert isinstance(found["acme/other/r2"], RunInfo)
        assert isinstance(found["acme/rl/missing"], NotFoundError)
        assert isinstance(found["acme/nowhere/r1"], NotFoundError)

    def test_of_no_paths_nothing_is_read(self, store: Store) -> None:
        assert store.fetch_summaries([]) == {}

    def test_more_runs_than_a_batch_are_read(self, store: Store, world: World) -> None:
        world.add(*(a_run(f"r{number}", summary={"n": number}) for number in range(120)))
        found = store.fetch_summaries([f"acme/rl/r{number}" for number in range(120)])
        assert len(found) == 120
        for number in range(120):
            run = found[f"acme/rl/r{number}"]
            assert isinstance(run, RunInfo)
            assert run.summary == {"n": number}

    def test_names_with_odd_letters_are_read(self, store: Store, world: World) -> None:
        name = 'r "1" {ä} \\ $x'
        world.add(a_run(name, summary={"n": 1}))
        assert read(store, f"acme/rl/{name}").summary == {"n": 1}

    @pytest.mark.parametrize("text", ["[1, 2]", '"text"', "12", "true", "not json", '{"cut": '])
    def test_a_summary_that_is_no_object_is_a_defect(
        self, store: Store, world: World, text: str
    ) -> None:
        world.add(a_run("r1", summary_text=text), a_run("r2", summary={"n": 2}))
        found = store.fetch_summaries(["acme/rl/r1", "acme/rl/r2"])
        odd, good = found["acme/rl/r1"], found["acme/rl/r2"]
        assert isinstance(odd, RunInfo)
        assert odd.defect
        assert odd.summary == {}
        assert isinstance(good, RunInfo)
        assert good.summary == {"n": 2}
        assert {run.id for run in store.fetch_runs(SWEEP).runs} == {"r1", "r2"}

    @pytest.mark.parametrize("text", ["", "null", "{}", "  "])
    def test_an_empty_summary_is_none(self, store: Store, world: World, text: str) -> None:
        world.add(a_run("r1", summary_text=text))
        run = read(store, "acme/rl/r1")
        assert (run.summary, run.defect) == ({}, None)

    # -- writing

    def test_a_write_replaces_the_summary(self, store: Store, world: World) -> None:
        world.add(a_run("r1", summary={"a": 1, "b": 2}), a_run("r2", summary={"a": 1}))
        store.update_run_summary(read(store, "acme/rl/r1"), {"b": 3, "c": 4})
        assert world.summary("acme/rl/r1") == {"b": 3, "c": 4}
        assert world.summary("acme/rl/r2") == {"a": 1}
        assert read(store, "acme/rl/r1").summary == {"b": 3, "c": 4}

    @pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
    def test_every_value_survives_a_round_trip(self, store: Store, world: World, text: str) -> None:
        world.add(a_run("r1", summary_text=text), a_run("r2"))
        found = read(store, "acme/rl/r1")
        assert same_json(found.summary, json.loads(text))
        store.update_run_summary(read(store, "acme/rl/r2"), found.summary)
        assert same_json(world.summary("acme/rl/r2"), json.loads(text))
        assert same_json(read(store, "acme/rl/r2").summary, json.loads(text))

    def test_five_megabytes_survive_a_round_trip(self, store: Store, world: World) -> None:
        summary = {"big": ["x" * 1000, "ä"] * 5000, "bound": math.inf, "protein.state": "running"}
        world.add(a_run("r1", summary=summary))
        found = read(store, "acme/rl/r1")
        store.update_run_summary(found, {**found.summary, "protein.state": "success"})
        assert world.summary("acme/rl/r1") == {**summary, "protein.state": "success"}

    def test_a_run_that_is_gone_cannot_be_written(self, store: Store, world: World) -> None:
        world.add(a_run("r1"))
        run = read(store, "acme/rl/r1")
        with pytest.raises(NotFoundError):
            store.update_run_summary(replace(run, id="r2", storage_id="UnVuOnYxOmdvbmU="), {})

    # -- what a run's own process left behind

    def test_a_run_without_a_file_has_no_uploaded_summary(self, store: Store, world: World) -> None:
        world.add(a_run("r1", summary={"a": 1}))
        assert store.fetch_uploaded_summary("acme/rl/r1") is None

    def test_the_uploaded_summary_is_read(self, store: Store, world: World) -> None:
        text = '{"loss": Infinity, "a": {"b": 1}}'
        world.add(a_run("r1", files={"wandb-summary.json": text}))
        found = store.fetch_uploaded_summary("acme/rl/r1")
        assert found is not None
        assert found[0] == {"loss": math.inf, "a": {"b": 1}}
        assert found[1] is not None


class StoreContract(ListingContract, SummaryContract):
    """A backend's tests: subclass it, and override ``backend``."""
