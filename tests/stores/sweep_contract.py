"""What the contract adds for stores of sweeps, groups and projects, with W&B's word for a run."""

from __future__ import annotations

import json
import math

import pytest

from janitor.errors import NotFoundError
from janitor.model import AnyTarget, RunInfo, Target, TargetKind, WandbState
from janitor.model.ports import Store
from tests.stores.backends import (
    GROUP,
    PROJECT,
    SWEEP,
    WHOLE_PROJECT,
    World,
    a_run,
    names,
    read,
    same_json,
)
from tests.stores.contract import StoreContract

STATELESS = {
    "a state that is nested": '{"protein": {"state": "running", "deep": [1]}, "x": Infinity}',
    "a state that is null": '{"x": null, "protein.state": null}',
    "no state": '{"x": 1}',
}


class SweepStoreContract(StoreContract):
    """A backend's tests: subclass it, and override ``plain``."""

    # -- what a target stands for

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
            Target(TargetKind.GROUP, "acme", "rl", "missing"),
            Target(TargetKind.PROJECT, "acme", "missing"),
            Target(TargetKind.GROUP, "nobody", "rl", "g1"),
        ],
        ids=str,
    )
    def test_a_group_or_project_that_does_not_exist_is_an_error_that_names_it(
        self, store: Store, world: World, target: AnyTarget
    ) -> None:
        world.add(a_run("r1", group="g1"))
        with pytest.raises(NotFoundError, match=r"missing|nobody"):
            store.fetch_sweep_metadata(target)

    # -- the runs of a target

    def test_a_run_may_be_in_a_sweep_and_in_a_group(self, store: Store, world: World) -> None:
        world.add(
            a_run("in the sweep"),
            a_run("in both", group="g1"),
            a_run("in the group", sweep=None, group="g1"),
            a_run("of another sweep", sweep="s2", group="g2"),
            a_run("of another project", project="acme/other", group="g1"),
        )
        assert set(names(store.fetch_runs(SWEEP).runs)) == {"in the sweep", "in both"}
        assert set(names(store.fetch_runs(GROUP).runs)) == {"in both", "in the group"}

    def test_a_run_is_returned_as_wandb_has_it(self, store: Store, world: World) -> None:
        world.add(
            a_run(
                "r1",
                display_name="swift-sun-1",
                state="preempting",
                group="g1",
                tags=["janitor:ignore", "b"],
                created_at="2026-03-01T10:00:00",
                history_line_count=12,
            )
        )
        (run,) = store.fetch_runs(SWEEP).runs
        assert (run.path, run.name) == ("acme/rl/r1", "swift-sun-1")
        assert run.wandb_state == WandbState("preempting")
        assert (run.sweep, run.group, set(run.tags)) == ("s1", "g1", {"janitor:ignore", "b"})
        assert str(run.created_at).startswith("2026-03-01T10:00:00")
        assert run.history_lines == 12

    def test_a_scan_brings_what_is_nested_too(self, store: Store, world: World) -> None:
        marks = {"rule": "x", "previous_state": "running", "state": "timeout", "at": "t"}
        ours = {"state": "timeout", "objective": 1.5, "heartbeat": "h", "janitor": marks}
        world.add(a_run("r1", summary={"protein": ours, "loss": 1}))
        assert store.fetch_runs(SWEEP).runs[0].summary["protein"] == ours

    # -- summaries that are not what they should be

    @pytest.mark.parametrize("text", ["[1, 2]", '"text"', "12", "true", "not json", '{"cut": '])
    def test_a_summary_that_is_not_an_object_is_a_defect(
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

    @pytest.mark.parametrize("text", STATELESS.values(), ids=STATELESS.keys())
    def test_a_summary_needs_no_state(self, store: Store, world: World, text: str) -> None:
        world.add(a_run("r1", summary_text=text), a_run("r2"))
        found = read(store, "acme/rl/r1")
        assert same_json(found.summary, json.loads(text))
        store.update_run_summary(read(store, "acme/rl/r2"), found.summary)
        assert same_json(world.summary("acme/rl/r2"), json.loads(text))

    # -- what a run's own process left behind

    def test_the_uploaded_summary_is_read(self, store: Store, world: World) -> None:
        text = '{"loss": Infinity, "a": {"b": 1}}'
        world.add(a_run("r1", files={"wandb-summary.json": text}))
        found = store.fetch_uploaded_summary("acme/rl/r1")
        assert found is not None
        assert found[0] == {"loss": math.inf, "a": {"b": 1}}
        assert found[1] is not None
