"""How a manager works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from logging import getLogger

from janitor.errors import UsageError
from janitor.model import STALE_AFTER

_log = getLogger("janitor.tasks")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerSettings:
    """The thresholds of a manager.

    Args:
        stale_after: A task that was assigned longer ago is taken from its worker.
        save_every: How often the whole state is saved; each change is logged at once anyway.
        max_retries: How often a task that failed is tried again.
        backups: How many earlier states are kept.
        on_problem: Told, in sentences, of files that are damaged.

    Raises:
        UsageError: fewer than no retries or than one backup.

    """

    stale_after: timedelta = STALE_AFTER
    save_every: timedelta = timedelta(seconds=50)
    max_retries: int = 3
    backups: int = 5
    on_problem: Callable[[str], None] = _log.warning

    def __post_init__(self) -> None:
        for name, least in (("max_retries", 0), ("backups", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} is at least {least}, not {getattr(self, name)}")
