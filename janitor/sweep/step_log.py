"""The log lines of a step, for machines: one event per job, decision and state."""

from __future__ import annotations

from typing import Any

from janitor.model.ledger_items import Ended, LedgerEntry
from janitor.runtime.log import Logger


def log_entry(entry: LedgerEntry) -> None:
    """Log what an entry says about jobs, and its decisions."""
    for item in entry.items:
        if isinstance(item, Ended):
            log("job.ended", run=item.run, attempt=item.attempt, ending=item.ending.value)
        elif entry.role == "decisions":
            log("decision", kind=item.item, run=getattr(item, "run", None))


def log(event: str, **values: Any) -> None:
    """Log an event."""
    Logger("janitor.sweep").info(event, **values)
