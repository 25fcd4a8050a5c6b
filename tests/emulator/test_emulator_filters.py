"""Filters in MongoDB's style and dotted fields, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from janitor.emulator.fields import RunFields, UnknownFieldError
from janitor.emulator.filters import FilterError, compile_filter, only_sweep, parse_filter
from janitor.emulator.records import Project, Run

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_run() -> Run:
    run = Run(1, "r1", Project(1, "acme", "rl", NOW), NOW)
    run.display_name = "Swift Hill"
    run.tags = ["a", "b"]
    run.config_text = '{"lr": {"value": 0.1}, "net": {"value": {"depth": 3}}, "raw": 5}'
    run.summary_text = '{"protein.state": "running", "a": {"b": 2, "c.d": true}, "none": null}'
    return run


def passes(condition: Any) -> bool:
    fields = RunFields(NOW, crash_after=300)
    return compile_filter(condition, fields.getter)(make_run())


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"name": "r1"},
        {"display_name": {"$regex": "^swift", "$options": "i"}},
        {"displayName": {"$ne": "other"}},
        {"state": {"$in": ["running", "pending"]}},
        {"tags": "a"},
        {"tags": {"$in": ["b", "z"]}},
        {"tags": ["a", "b"]},
        {"tags": {"$nin": ["z"]}},
        {"created_at": {"$gte": "2026-11-20T12:00:00", "$lt": "2026-11-20T12:00:01Z"}},
        {"heartbeat_at": None},
        {"heartbeatAt": {"$exists": False}},
        {"config.lr.value": 0.1},
        {"config.lr": {"$lt": 1}},
        {"config.net.value.depth": 3},
        {"config.net.depth": 3},
        {"config.raw": 5},
        {"summary_metrics.protein.state": "running"},
        {"summaryMetrics.a.b": {"$gt": 1, "$lte": 2.0}},
        {"summary_metrics.a.c.d": True},
        {"summary_metrics.none": None},
        {"summary_metrics.missing": {"$ne": 1}},
        {"summary_metrics.missing": {"$exists": False}},
        {"group": {"$not": {"$eq": "g"}}},
        {"display_name": {"$contains": "Hill"}},
        {"tags": {"$contains": "a"}},
        {"config.lr": {"$not": {"$contains": "0"}}},
        {"tags": {"$all": ["b", "a"]}},
        {"name": {"$all": ["r1"]}},
        {"tags": {"$size": 2}},
        {"entity": "acme"},
        {"entityName": {"$in": ["acme"]}},
        {"project": "rl"},
        {"duration": 0},
        {"duration": {"$lt": 1}},
        {"$not": {"name": "r2"}},
        {"$nor": [{"name": "r2"}, {"name": "r3"}]},
        {"$or": [{"name": "r2"}, {"$and": [{"name": "r1"}, {"sweep": None}]}]},
        {"name": "r1", "state": "running"},
    ],
)
def test_a_run_passes(condition: Any) -> None:
    assert passes(condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"name": "r2"},
        {"tags": {"$nin": ["a"]}},
        {"tags": {"$ne": "a"}},
        {"config.lr.value": "0.1"},
        {"config.missing.value": {"$gt": 0}},
        {"summary_metrics.a.c.d": 1},
        {"summary_metrics.a.b": {"$gt": "1"}},
        {"summary_metrics.protein.state": {"$exists": False}},
        {"heartbeat_at": {"$lt": "2027-01-01"}},
        {"$or": []},
        {"$nor": [{"name": "r1"}]},
        {"display_name": {"$contains": "hill"}},
        {"display_name": {"$contains": 5}},
        {"tags": {"$contains": "c"}},
        {"tags": {"$all": ["a", "c"]}},
        {"tags": {"$all": []}},
        {"group": {"$all": ["g"]}},
        {"tags": {"$size": 1}},
        {"name": {"$size": 2}},
        {"entity": "other"},
        {"duration": {"$gt": 0}},
        {"name": "r1", "state": "finished"},
    ],
)
def test_a_run_does_not_pass(condition: Any) -> None:
    assert not passes(condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"$where": "1"},
        {"state": {"$like": "x"}},
        {"$and": {}},
        {"state": {"$in": "running"}},
        {"name": {"$regex": "("}},
        {"name": {"$regex": "a", "$options": 5}},
        {"name": {"$regex": "(?=a)"}},
        {"created_at": {"$gt": 5}},
        {"tags": {"$all": "a"}},
        {"tags": {"$size": -1}},
        {"tags": {"$size": True}},
        [1],
    ],
)
def test_what_cannot_be_understood_is_refused(condition: Any) -> None:
    with pytest.raises(FilterError):
        passes(condition)


def test_a_duration_is_the_time_from_the_creation_to_the_last_heartbeat() -> None:
    run = make_run()
    run.heartbeat_at = NOW + timedelta(minutes=5)
    getter = RunFields(NOW, crash_after=300).getter
    assert compile_filter({"duration": {"$gte": 300, "$lt": 301}}, getter)(run)
    assert not compile_filter({"duration": {"$gt": 300}}, getter)(run)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(UnknownFieldError):
        passes({"nope": 1})


@pytest.mark.parametrize("text", ["[]", "1", "{"])
def test_a_filter_is_a_json_object(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)


def test_the_one_sweep_of_a_filter_is_split_off() -> None:
    assert only_sweep({"sweep": "s", "state": "x"}) == ("s", {"state": "x"})
    assert only_sweep({"$and": [{"state": "x"}, {"sweep": "s"}]}) == (
        "s",
        {"$and": [{"state": "x"}]},
    )
    assert only_sweep({"sweep": {"$in": ["s"]}}) == (None, {"sweep": {"$in": ["s"]}})
    assert only_sweep({"$or": [{"sweep": "s"}]}) == (None, {"$or": [{"sweep": "s"}]})


def test_a_dotted_path_may_be_kept_from_meaning_one_key() -> None:
    getter = RunFields(NOW, 300, nested_only=True).getter
    assert not compile_filter({"summary_metrics.protein.state": "running"}, getter)(make_run())
    assert compile_filter({"summary_metrics.a.b": 2}, getter)(make_run())
