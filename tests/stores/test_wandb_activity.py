from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from janitor.errors import RejectedError
from janitor.model import Target, TargetKind
from janitor.stores.wandb.activity import Activity

SINCE = datetime(2026, 2, 1, tzinfo=UTC)
SWEEP = Target(TargetKind.SWEEP, "acme", "rl", "s1")
FILTERS = {"sweep": "s1"}


def test_runs_that_showed_life_since_are_asked_for_and_such_without_heartbeats() -> None:
    activity = Activity(SINCE)
    since = {"$gte": "2026-02-01T00:00:00+00:00"}
    assert activity.active(SWEEP, FILTERS) == {
        "sweep": "s1",
        "$or": [{"heartbeat_at": since}, {"created_at": since}, {"heartbeat_at": None}],
    }
    before = {"$lt": "2026-02-01T00:00:00+00:00"}
    assert activity.silent(FILTERS) == {**FILTERS, "heartbeat_at": before, "created_at": before}


def test_without_a_limit_nothing_is_left_out() -> None:
    activity = Activity(None)
    assert not activity.is_limited(SWEEP)
    assert activity.active(SWEEP, FILTERS) == FILTERS


def test_counts_that_add_up_are_believed() -> None:
    activity = Activity(SINCE)
    assert activity.adds_up(SWEEP, active=3, silent=7, total=10)
    assert activity.is_limited(SWEEP)


def test_a_target_whose_counts_do_not_add_up_is_read_whole_and_that_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    activity = Activity(SINCE)
    with caplog.at_level(logging.WARNING):
        assert not activity.adds_up(SWEEP, active=3, silent=6, total=10)
    assert "acme/rl/s1 is read whole" in caplog.text
    assert activity.active(SWEEP, FILTERS) == FILTERS
    other = Target(TargetKind.SWEEP, "acme", "rl", "s2")
    assert activity.is_limited(other)


def test_sweeps_in_which_all_is_silent_are_found_by_counting() -> None:
    activity = Activity(SINCE)
    quiet, lively, odd = (Target(TargetKind.SWEEP, "acme", "rl", name) for name in "qlo")
    counts = {"q": (0, 5, 5), "l": (1, 4, 5), "o": (0, 4, 5)}

    def count(filters: Sequence[Mapping[str, Any]]) -> list[int]:
        assert len(filters) == 9
        return [number for each in filters[::3] for number in counts[each["sweep"]]]

    activity.find_quiet([quiet, lively, odd], count)
    assert [activity.silent_runs_of(each) for each in (quiet, lively, odd)] == [5, None, None]


def test_where_nothing_can_be_counted_no_sweep_is_quiet() -> None:
    def count(_: Sequence[Mapping[str, Any]]) -> list[int]:
        raise RejectedError("unknown field")

    activity = Activity(SINCE)
    activity.find_quiet([SWEEP], count)
    assert activity.silent_runs_of(SWEEP) is None
