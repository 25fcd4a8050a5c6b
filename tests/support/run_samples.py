"""Runs to judge, scan and repair, and the moment at which all of that happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from janitor.model import RunInfo, WandbState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(slots=True)
class StillClock:
    """A clock that stands until it is moved."""

    moment: datetime = field(default=NOW)

    def now(self) -> datetime:
        return self.moment

    def move(self, by: timedelta) -> None:
        self.moment += by


def ago(age: timedelta, now: datetime = NOW) -> str:
    """The moment so long ago, as W&B writes it."""
    return (now - age).replace(tzinfo=None).isoformat() + "Z"


def flat(state: Any = "running", **more: Any) -> dict[str, Any]:
    """A summary of flat form; ``janitor__rule`` stands for the name ``janitor.rule``."""
    named = {"state": state, **more}
    return {f"protein.{name.replace('__', '.')}": value for name, value in named.items()}


def nested(state: Any = "running", **more: Any) -> dict[str, Any]:
    """A summary of nested form."""
    return {"protein": {"state": state, **more}}


def make_run(
    summary: Mapping[str, Any] | None = None,
    wandb: str = "running",
    silent: timedelta | None = 2 * HOUR,
    **more: Any,
) -> RunInfo:
    """A run of acme/rl/s1 that W&B last heard so long ago (None: never), created a day before."""
    usual: dict[str, Any] = {
        "entity": "acme",
        "project": "rl",
        "id": "r1",
        "sweep": "s1",
        "created_at": ago(DAY + (silent or timedelta(0))),
        "heartbeat_at": None if silent is None else ago(silent),
        "history_lines": 10,
    }
    given = usual | more
    given.setdefault("storage_id", f"storage-{given['id']}")
    given.setdefault("name", f"run {given['id']}")
    return RunInfo(
        wandb_state=WandbState(wandb), summary=flat() if summary is None else summary, **given
    )
