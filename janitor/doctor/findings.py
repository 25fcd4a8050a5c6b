"""The findings of `janitor doctor`: each is ok, warn or fail, with advice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    """It works, with unexpected effects."""
    FAIL = "fail"
    """A pass would fail."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    """What was checked: "wandb", "clock", …"""
    level: Level
    message: str
    advice: str | None = None
    """What to do about it."""
    target: str | None = None
    """The sweep, project or group that it is about."""


def ok(check: str, message: str, *, target: str | None = None) -> Finding:
    """Everything is fine."""
    return Finding(check, Level.OK, message, None, target)


def warn(check: str, message: str, advice: str, *, target: str | None = None) -> Finding:
    """It works, with unexpected effects."""
    return Finding(check, Level.WARN, message, advice, target)


def fail(check: str, message: str, advice: str | None, *, target: str | None = None) -> Finding:
    """A pass would fail; without advice, the message says what to do."""
    return Finding(check, Level.FAIL, message, advice, target)
