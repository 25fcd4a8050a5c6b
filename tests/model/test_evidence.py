from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from janitor.model import Liveness, Policy, RunInfo
from janitor.model.evidence import EARLIEST, Vitals, parse_time, take_vitals
from janitor.model.wording import format_age
from janitor.runtime.clock import PassClock
from tests.support.run_samples import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    StillClock,
    ago,
    flat,
    make_run,
    nested,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def vitals(run: RunInfo) -> Vitals:
    return take_vitals(run, Policy(), NOW)


# ---- times ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "2026-11-20T12:00:00",
        "2026-11-20T12:00:00Z",
        " 2026-11-20T12:00:00.000Z\n",
        "2026-11-20T12:00:00.000000000+00:00",
        "2026-11-20 12:00",
        "2026-11-20T12",
        "2026-11-20T07:00:00-05:00",
        "20261120T120000Z",
        NOON.timestamp(),
        int(NOON.timestamp()),
    ],
)
def test_times_are_read_as_utc(raw: Any) -> None:
    time = parse_time(raw)
    assert time == NOON
    assert time is not None
    assert time.tzinfo is UTC


@pytest.mark.parametrize(
    "raw",
    [
        *(None, "", "noon", "12:00", "2026-13-01", True, False, [], {}, b"2026-11-20"),
        *(float("nan"), float("inf"), -float("inf"), 1e300, 10**400, NOON.timestamp() * 1000),
        *("2026-11-20T12:00:00+99:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_what_is_not_a_time_is_none(raw: Any) -> None:
    assert parse_time(raw) is None


@pytest.mark.parametrize("raw", [0, 1.0, "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_zeros_of_clocks_are_not_times(raw: Any) -> None:
    assert parse_time(raw) is None


def test_no_run_is_older_than_wandb() -> None:
    assert parse_time(EARLIEST.isoformat()) == EARLIEST
    assert parse_time((EARLIEST - SECOND).isoformat()) is None


# ---- vitals ---------------------------------------------------------------------------------


def test_the_latest_evidence_counts_of_whatever_source() -> None:
    summary = flat(heartbeat=ago(3 * HOUR), last_update=ago(HOUR)) | {"_timestamp": ago(2 * HOUR)}
    found = vitals(make_run(summary, silent=4 * HOUR))
    assert found.age == HOUR
    assert [piece.source for piece in found.evidence] == [
        "heartbeatAt",
        "_timestamp",
        "protein.heartbeat",
        "protein.last_update",
    ]


def test_both_forms_are_heard_whatever_the_form_of_the_state() -> None:
    for summary in (
        flat() | {"protein": {"heartbeat": ago(MINUTE)}},
        nested() | {"protein.heartbeat": ago(MINUTE)},
        nested(heartbeat=ago(HOUR)) | {"protein.heartbeat": ago(MINUTE)},
    ):
        assert vitals(make_run(summary)).age == MINUTE


def test_created_at_counts_where_it_is_the_latest() -> None:
    assert vitals(make_run(silent=None, created_at=ago(HOUR))).age == HOUR
    assert vitals(make_run(silent=2 * HOUR, created_at=ago(HOUR))).age == HOUR
    assert vitals(make_run(silent=HOUR, created_at=ago(2 * HOUR))).age == HOUR


def test_created_at_is_listed_where_it_counts() -> None:
    assert [piece.source for piece in vitals(make_run(silent=None)).evidence] == ["createdAt"]
    assert [piece.source for piece in vitals(make_run()).evidence] == ["heartbeatAt"]


def test_without_evidence_the_age_is_unknown() -> None:
    found = vitals(make_run(silent=None, created_at=None))
    assert (found.age, found.last_alive, found.evidence) == (None, None, ())
    assert found.liveness(HOUR) is Liveness.UNKNOWN


def test_unreadable_times_are_listed_and_do_not_count() -> None:
    run = make_run(flat(heartbeat="soon", last_update=None), created_at="0001-01-01T00:00:00Z")
    found = vitals(run)
    assert [piece.source for piece in found.unreadable] == ["protein.heartbeat", "createdAt"]
    assert found.age == 2 * HOUR


def test_the_future_is_listed_and_does_not_count() -> None:
    found = vitals(make_run(flat(heartbeat=ago(-HOUR))))
    assert found.age == 2 * HOUR
    assert found.future is not None
    assert found.future.source == "protein.heartbeat"


@pytest.mark.parametrize(
    ("run", "timeout", "liveness"),
    [
        (make_run(silent=HOUR), HOUR, Liveness.ALIVE),
        (make_run(silent=HOUR + SECOND), HOUR, Liveness.DEAD),
        (make_run(silent=-MINUTE), timedelta(0), Liveness.ALIVE),
        (make_run(flat(heartbeat=ago(-DAY)), silent=2 * HOUR), HOUR, Liveness.UNKNOWN),
        (make_run(flat(heartbeat=ago(-DAY)), silent=MINUTE), HOUR, Liveness.ALIVE),
        (make_run(silent=None, created_at=None), HOUR, Liveness.UNKNOWN),
    ],
)
def test_liveness_follows_from_age_and_clocks(
    run: RunInfo, timeout: timedelta, liveness: Liveness
) -> None:
    assert vitals(run).liveness(timeout) is liveness


# ---- ages and clocks ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(0), "0 seconds"),
        (-90 * SECOND, "1 minute and 30 seconds"),
        (HOUR + 90 * SECOND, "1 hour and 1 minute"),
        (50 * HOUR, "2 days and 2 hours"),
        (timedelta(days=365 * 8000), "1,000 years"),
        (timedelta.max, "1,000 years"),
    ],
)
def test_ages_are_shown_in_words(age: timedelta, words: str) -> None:
    assert format_age(age).replace("1000", "1,000") == words


def test_the_clock_of_a_pass_counts_from_the_moment_that_it_was_given() -> None:
    seconds = iter([100.0, 100.0, 103.5])
    clock = PassClock(NOW, lambda: next(seconds))
    assert clock.now() == NOW
    assert clock.now() == NOW + timedelta(seconds=3.5)
    assert StillClock().now() == NOW
