"""The state of a sweep in memory, which all of its stores share."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from janitor.model.jobs import Report
from janitor.model.ledger_items import LedgerEntry
from janitor.records.sweep import StoredSummary


@dataclass(slots=True)
class MemoryRun:
    """A run and its stored summary."""

    created_at: str
    stored: StoredSummary


@dataclass(slots=True)
class MemoryJob:
    """What a worker wrote."""

    claim: Mapping[str, Any] | None = None
    claimed_at: datetime | None = None
    exit: Mapping[str, Any] | None = None
    reports: list[Report] = field(default_factory=list)
    stop: str | None = None


@dataclass(slots=True)
class MemoryState:
    """One sweep. Every reader and writer holds the lock."""

    entries: list[LedgerEntry] = field(default_factory=list)
    runs: dict[str, MemoryRun] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    jobs: dict[str, MemoryJob] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
