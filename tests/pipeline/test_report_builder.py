from __future__ import annotations

import pytest

from janitor.errors import ReportError
from janitor.model import Outcome
from janitor.records.report import MAX_WARNINGS, ReportedError, Totals
from tests.report.report_samples import (
    everything,
    finish,
    make_change,
    make_draft,
    make_hold,
    nothing,
)
from tests.support.counting import calls_of


def test_each_run_is_counted_under_what_became_of_it() -> None:
    assert everything().totals == Totals(
        runs=8, untracked=0, clean=1, held=2, written=2, planned=1, superseded=1, failed=1
    )


def test_states_are_counted_before_and_after() -> None:
    assert everything().states_before == {"running": 6, "success": 1, "unknown": 1}
    assert everything().states_after == {
        "failure": 1,
        "running": 4,
        "success": 1,
        "timeout": 1,
        "unknown": 1,
    }


def test_untracked_runs_have_no_state() -> None:
    assert nothing().totals == Totals(runs=3, untracked=1, clean=2)
    assert nothing().states_before == nothing().states_after == {"success": 2}


def test_a_superseded_run_counts_under_the_state_that_it_moved_on_to() -> None:
    draft = make_draft()
    draft.add_change(make_change(outcome=Outcome.SUPERSEDED), state_after="success")
    assert finish(draft, 1).states_after == {"success": 1}


def test_a_run_that_is_missing_from_the_report_is_an_error() -> None:
    draft = make_draft()
    draft.add_change(make_change())
    with pytest.raises(ReportError, match="2 runs were read, 1 are reported"):
        finish(draft, 2)


def test_a_run_that_is_in_the_report_twice_is_an_error() -> None:
    draft = make_draft()
    draft.add_change(make_change("acme/rl/r1"))
    draft.add_held(make_hold("acme/rl/r1"))
    with pytest.raises(ReportError, match="the report contains the run acme/rl/r1 twice"):
        finish(draft, 2)


def test_changes_and_holds_are_in_the_order_of_target_and_run() -> None:
    draft = make_draft()
    for target, run in (("b", "r1"), ("a", "r3"), ("a", "r2")):
        draft.add_change(make_change(run, target=target))
    for run in ("h2", "h1"):
        draft.add_held(make_hold(run))
    report = finish(draft, 5)
    assert [change.run for change in report.changes] == ["r2", "r3", "r1"]
    assert [held.run for held in report.held] == ["h1", "h2"]


def test_errors_may_be_of_the_pass_itself() -> None:
    draft = make_draft()
    draft.add_error("the disk is full")
    assert finish(draft, 0).errors == (ReportedError(target=None, message="the disk is full"),)


def test_endless_warnings_are_cut_and_the_rest_counted() -> None:
    draft = make_draft()
    for number in range(MAX_WARNINGS + 7):
        draft.add_warning("unreadable", run=f"acme/rl/{number}")
    warnings = finish(draft, 0).warnings
    assert len(warnings) == MAX_WARNINGS + 1
    assert warnings[-1].message == "7 more warnings are omitted"


def test_a_clean_run_costs_a_few_calls_and_no_object() -> None:
    draft = make_draft()

    def count() -> None:
        for _ in range(100_000):
            draft.count_clean("success")

    assert calls_of(count) < 10 * 100_000
    assert finish(draft, 100_000).totals.clean == 100_000
