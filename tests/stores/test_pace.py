"""One pace for all requests: HTTP 429, and RateLimit headers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from janitor.stores.wandb.pace import AT_ONCE, Pace, RateLimit, rate_limit_of


@dataclass
class Time:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def pace_with(limit: RateLimit | None = None) -> tuple[Pace, Time]:
    time = Time()
    pace = Pace(lambda: time.now)
    pace.begin(limit, lambda: limit, time.sleep)
    return pace, time


def ask(pace: Pace, count: int = 1) -> None:
    for _ in range(count):
        with pace.turn():
            pass
        pace.succeeded()


def test_without_a_word_of_the_server_nothing_waits() -> None:
    pace, time = pace_with()
    ask(pace, 200)
    assert (time.slept, pace.waited, pace.used_percent()) == ([], 0.0, None)


def test_after_a_429_requests_go_one_at_a_time_with_pauses_and_the_pace_recovers() -> None:
    pace, time = pace_with()
    pace.refused()
    ask(pace, 3)
    assert time.slept == [0.5, 0.5, 0.5]
    pace.refused()
    ask(pace)
    assert time.slept[-1] == 1.0
    assert pace.throttled == 2
    ask(pace, 40 + 10 * AT_ONCE)
    slept = len(time.slept)
    ask(pace, 50)
    assert len(time.slept) == slept


def test_little_left_of_the_limit_spreads_the_requests_over_the_rest_of_the_period() -> None:
    pace, time = pace_with(RateLimit(100, 40, 60))
    ask(pace, 3)
    assert time.slept == [3.0, 3.0]
    assert pace.used_percent() == 60.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"RateLimit-Limit": "100"},
        {"RateLimit-Limit": "x", "RateLimit-Remaining": "1", "RateLimit-Reset": "1"},
        {"RateLimit-Limit": "1", "RateLimit-Remaining": "5", "RateLimit-Reset": "1"},
        {"RateLimit-Limit": "nan", "RateLimit-Remaining": "5", "RateLimit-Reset": "1"},
    ],
)
def test_headers_that_name_no_limit_are_not_used(headers: dict[str, str]) -> None:
    assert rate_limit_of(headers) is None


def test_the_limit_is_read_from_the_headers() -> None:
    headers = {
        "RateLimit-Limit": "200, 200;w=60",
        "RateLimit-Remaining": "150",
        "RateLimit-Reset": "12",
    }
    assert rate_limit_of(headers) == RateLimit(200, 150, 12)
