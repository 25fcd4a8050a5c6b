"""What the rules make of times that are odd, missing, or ahead of our clock."""

from __future__ import annotations

from typing import Any

import pytest

from janitor.model import Policy
from tests.rules.judging import check_changed, check_held
from tests.support.run_samples import DAY, HOUR, MINUTE, NOW, SECOND, ago, flat, make_run, nested

UNREADABLE: tuple[Any, ...] = (
    "yesterday",
    "",
    "12:00",
    True,
    [],
    {},
    float("nan"),
    float("inf"),
    10**400,
    -1,
)
ZEROS = (0, 0.0, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1900-01-01")
FUTURE = (ago(-6 * MINUTE), ago(-DAY), "9999-12-31T23:59:59Z", (NOW + HOUR).timestamp())


@pytest.mark.parametrize(
    "sign",
    [
        flat(heartbeat=ago(MINUTE)),
        flat(last_update=ago(MINUTE)),
        nested(heartbeat=ago(MINUTE)),
        nested(last_update=ago(MINUTE)),
        flat() | {"_timestamp": (NOW - MINUTE).timestamp()},
        flat() | {"_timestamp": int((NOW - MINUTE).timestamp())},
        flat() | {"protein": {"heartbeat": ago(MINUTE)}},
        nested() | {"protein.last_update": ago(MINUTE)},
        flat(heartbeat=(NOW - MINUTE).timestamp()),
        flat(heartbeat="2026-03-01T11:59:00"),
        flat(heartbeat="2026-03-01 11:59:00.123456789+00:00"),
        flat(heartbeat="2026-03-01T16:59:00+05:00"),
    ],
)
@pytest.mark.parametrize("silent", [None, 2 * HOUR])
def test_any_one_sign_of_life_keeps_a_run(silent: Any, sign: dict[str, Any]) -> None:
    check_held(make_run(sign, silent=silent), "alive ")


@pytest.mark.parametrize("raw", [*UNREADABLE, *ZEROS])
@pytest.mark.parametrize("name", ["heartbeat", "last_update"])
def test_a_time_that_cannot_be_read_counts_as_missing(name: str, raw: Any) -> None:
    check_held(make_run(flat(**{name: raw}), silent=MINUTE), "alive 1 minute ago")
    check_changed(make_run(flat(**{name: raw}), silent=HOUR), "heartbeat-expired", "timeout")


@pytest.mark.parametrize("raw", [*UNREADABLE, *ZEROS])
def test_where_no_time_can_be_read_the_run_is_held(raw: Any) -> None:
    run = make_run(flat(heartbeat=raw), silent=None, heartbeat_at=raw, created_at=raw)
    check_held(run, "no readable timestamp shows", "heartbeat-expired")


def test_without_any_time_at_all_the_run_is_held() -> None:
    run = make_run(silent=None, created_at=None)
    check_held(run, "no readable timestamp shows", "heartbeat-expired")


@pytest.mark.parametrize("raw", FUTURE)
@pytest.mark.parametrize("where", ["heartbeat", "last_update", "_timestamp", "heartbeatAt"])
def test_evidence_from_the_future_bars_a_timeout(where: str, raw: Any) -> None:
    more: dict[str, Any] = {"heartbeat_at": raw} if where == "heartbeatAt" else {}
    summary = flat(**({where: raw} if where in {"heartbeat", "last_update"} else {}))
    if where == "_timestamp":
        summary["_timestamp"] = raw
    check_held(make_run(summary, **more), "clock:", "heartbeat-expired")


@pytest.mark.parametrize("raw", FUTURE)
def test_evidence_from_the_future_is_not_a_sign_of_life_for_other_rules(raw: Any) -> None:
    run = make_run(flat(heartbeat=raw), "crashed", silent=16 * MINUTE)
    check_changed(run, "wandb-crashed", "crashed", "16 minutes ago")


def test_evidence_five_minutes_ahead_still_counts_and_a_second_more_does_not() -> None:
    check_held(make_run(silent=-5 * MINUTE), "alive")
    check_held(make_run(silent=-5 * MINUTE - SECOND), "clock: heartbeatAt", "heartbeat-expired")


def test_created_at_counts_where_nothing_else_does() -> None:
    young = make_run(silent=None, created_at=ago(30 * MINUTE))
    check_held(young, "alive 30 minutes ago")
    old = make_run(silent=None, created_at=ago(30 * MINUTE + SECOND))
    check_changed(old, "heartbeat-expired", "timeout", "silent for 30 minutes and 1 second")


def test_a_run_was_alive_when_it_was_created_whatever_its_own_clock_says() -> None:
    slow_clock = flat(heartbeat=ago(DAY)) | {"_timestamp": (NOW - DAY).timestamp()}
    check_held(make_run(slow_clock, silent=None, created_at=ago(MINUTE)), "alive 1 minute ago")


def test_a_creation_in_the_future_is_held_and_no_evidence() -> None:
    run = make_run(silent=None, created_at=ago(-HOUR))
    check_held(run, "clock: createdAt is 1 hour in the future", "heartbeat-expired")


def test_an_age_of_many_years_can_be_shown() -> None:
    run = make_run(flat(heartbeat="2015-01-01T00:00:00Z"), silent=None, created_at=None)
    check_changed(run, "heartbeat-expired", "timeout", "silent for 11 years")


@pytest.mark.parametrize("raw", ["9999-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59-12:00"])
def test_the_last_moment_of_the_calendar_stops_nobody(raw: str) -> None:
    run = make_run(flat(heartbeat=raw))
    verdict = "heartbeat-expired"
    if raw.endswith("12:00"):
        check_changed(run, verdict, "timeout")
    else:
        check_held(run, "clock", verdict)


def test_an_endless_timeout_stops_nobody() -> None:
    run = make_run(flat(heartbeat=ago(-4 * MINUTE)))
    check_held(run, "alive", policy=Policy(heartbeat_timeout=1000 * DAY))
