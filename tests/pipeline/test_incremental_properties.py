"""Random histories: incremental passes and one full pass do what full passes do (Hypothesis)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from janitor.records.report import Report
from tests.pipeline.incremental_world import History, World

PASSES = 8
seeds = st.integers(0, 2**32)


@contextmanager
def a_history(seed: int) -> Iterator[tuple[World, History]]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "journals")
        history = History(world, Random(seed))
        history.begin()
        yield world, history


def given_up(report: Report) -> set[tuple[str, str]]:
    return {(change.run, str(change.to)) for change in report.changes}


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_no_run_is_changed_by_an_incremental_pass_that_a_full_pass_would_not_change_alike(
    seed: int,
) -> None:
    with a_history(seed) as (world, history):
        for _ in range(PASSES):
            expected = given_up(world.run_pass(full=True, dry_run=True))
            report = world.run_pass()
            assert given_up(report) <= expected
            assert all(target.complete for target in report.targets)
            history.happen(edits=True)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_without_edits_of_settled_runs_both_passes_do_the_same(seed: int) -> None:
    with a_history(seed) as (world, history):
        for _ in range(PASSES):
            expected = world.run_pass(full=True, dry_run=True)
            report = world.run_pass()
            known = sum(target.runs_known for target in report.targets)
            if not known:
                assert given_up(report) == given_up(expected)
            assert report.totals.runs == expected.totals.runs
            history.happen(edits=False)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_incremental_passes_and_one_full_pass_end_as_full_passes_alone(seed: int) -> None:
    with a_history(seed) as (some, history), a_history(seed) as (full, other):
        for _ in range(PASSES):
            some.run_pass()
            full.run_pass(full=True)
            history.happen(edits=False)
            other.happen(edits=False)
        some.run_pass(full=True)
        full.run_pass(full=True)
        assert some.states() == full.states()


def test_most_passes_of_these_histories_are_incremental() -> None:
    incremental = 0
    for seed in range(10):
        with a_history(seed) as (world, history):
            for _ in range(PASSES):
                report = world.run_pass()
                incremental += any(target.runs_known for target in report.targets)
                history.happen(edits=True)
    assert incremental > 10 * PASSES // 4
