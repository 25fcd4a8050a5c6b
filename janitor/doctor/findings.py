"""What an examination finds: one line a thing, each ok, warn or fail, with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a thing stands."""

    OK = "ok"
    WARN = "warn"
    """It works, and may surprise."""
    FAIL = "fail"
    """A pass could not do its work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    """What was looked at: "wandb", "clock", …"""
    level: Level
    message: str
    advice: str | None = None
    """What to do about it."""
    target: str | None = None
    """The sweep, project or group that it is about."""


def ok(check: str, message: str, *, target: str | None = None) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, message, None, target)


def warn(check: str, message: str, advice: str, *, target: str | None = None) -> Finding:
    """It works, and may surprise."""
    return Finding(check, Level.WARN, message, advice, target)


def fail(check: str, message: str, advice: str | None, *, target: str | None = None) -> Finding:
    """A pass could not do its work; without advice, the message says what to do."""
    return Finding(check, Level.FAIL, message, advice, target)
