"""The clients' requests: a log, and counts."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from datetime import datetime

    from janitor.emulator.facts import Facts

_KEPT = 50_000
_TABLES = ("fields", "upserts", "edits", "posts")


@dataclass(slots=True)
class Request:
    """A client's request and how it was answered."""

    at: datetime
    method: str
    path: str
    kind: str
    """query, mutation, filestream, upload, download, or empty."""
    operation: str
    fields: list[str]
    runs: list[str]
    sweeps: list[str]
    sdk: bool
    """Whether it came from a run's own process."""
    user_agent: str
    bytes_in: int
    bytes_out: int = 0
    status: int | None = None
    """None while it is open, and if the connection was reset."""


@dataclass(slots=True)
class Counts:
    """Counts of the requests since the last reset."""

    requests: int = 0
    queries: int = 0
    mutations: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    """By field: ``project``, ``project.runs``, ``upsertBucket``, …"""
    upserts: Counter[str] = field(default_factory=Counter)
    """How often ``upsertBucket`` was sent for a run, by ``entity/project/run``, applied or not."""
    edits: Counter[str] = field(default_factory=Counter)
    """The same without those of the run's own process."""
    posts: Counter[str] = field(default_factory=Counter)
    """Filestream posts by ``entity/project/run``."""

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        tables = {name: dict(getattr(self, name)) for name in _TABLES}
        plain = {"requests": self.requests, "queries": self.queries, "mutations": self.mutations}
        return plain | tables

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From plain data."""
        return cls(**(data | {name: Counter(data[name]) for name in _TABLES}))


class Traffic:
    """Keeps the latest requests, and counts of all requests."""

    def __init__(self) -> None:
        self.requests: deque[Request] = deque(maxlen=_KEPT)
        self.counts = Counts()

    def begin(self, facts: Facts, at: datetime) -> Request:
        """Log a request."""
        request = Request(
            at=at,
            method=facts.method,
            path=facts.path,
            kind=facts.kind,
            operation=facts.operation,
            fields=facts.fields,
            runs=facts.runs,
            sweeps=facts.sweeps,
            sdk=facts.sdk,
            user_agent=facts.user_agent,
            bytes_in=facts.bytes_in,
        )
        self.requests.append(request)
        self._count(facts)
        return request

    def reset(self) -> None:
        """Forget all requests and counts."""
        self.requests.clear()
        self.counts = Counts()

    def as_json(self) -> list[dict[str, Any]]:
        """The requests as plain data."""
        return [asdict(request) | {"at": request.at.isoformat()} for request in self.requests]

    def _count(self, facts: Facts) -> None:
        counts = self.counts
        counts.requests += 1
        counts.queries += facts.kind == "query"
        counts.mutations += facts.kind == "mutation"
        counts.fields.update(facts.fields)
        if "upsertBucket" in facts.fields:
            counts.upserts.update(facts.runs)
            if not facts.sdk:
                counts.edits.update(facts.runs)
        if facts.kind == "filestream":
            counts.posts.update(facts.runs)
