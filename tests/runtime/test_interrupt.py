"""What ends a pass before its time."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from janitor.runtime.interrupt import Interrupter, Interruption


def test_a_pass_that_nobody_asked_to_end_goes_on() -> None:
    interrupter = Interrupter()
    assert interrupter.reason() is None
    assert interrupter.patience(8) is None


@pytest.mark.parametrize("reason", ["SIGTERM", "SIGINT"])
def test_the_first_reason_is_remembered(reason: Interruption) -> None:
    interrupter = Interrupter()
    assert interrupter.ask(reason)
    assert not interrupter.ask("deadline")
    assert not interrupter.ask(reason)
    assert interrupter.reason() == reason


def test_a_deadline_that_has_passed_ends_the_pass() -> None:
    interrupter = Interrupter(timedelta(0))
    assert interrupter.reason() == "deadline"
    assert not interrupter.ask("SIGTERM")


def test_a_deadline_to_come_does_not() -> None:
    interrupter = Interrupter(timedelta(hours=1))
    assert interrupter.reason() is None
    assert interrupter.ask("SIGINT")
    assert interrupter.reason() == "SIGINT"


def test_patience_is_counted_from_the_moment_that_the_pass_was_asked_to_end() -> None:
    interrupter = Interrupter()
    interrupter.ask("SIGTERM")
    left = interrupter.patience(60)
    assert left is not None
    assert 59 < left <= 60
    assert interrupter.patience(0) == 0
    assert interrupter.patience(-5) == 0


@pytest.mark.parametrize("asked", [True, False])
def test_nobody_sleeps_past_the_end_of_the_pass(*, asked: bool) -> None:
    interrupter = Interrupter() if asked else Interrupter(timedelta(0))
    if asked:
        interrupter.ask("SIGTERM")
    began = time.monotonic()
    interrupter.sleep(600)
    assert time.monotonic() - began < 5


def test_a_short_sleep_ends_by_itself() -> None:
    Interrupter(timedelta(hours=1)).sleep(0)
