"""The emulator's settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt


class SummaryKeys(StrEnum):
    """How ``summaryMetrics(keys:)`` reads a key with a dot in it."""

    FLAT = "flat"
    """The key is a top-level key (the default)."""
    NESTED = "nested"
    """The key is a path in a nested object, never a top-level key with a dot in its name."""
    REFUSE = "refuse"
    """The server does not know the argument: a validation error."""


Access = Literal["none", "read", "write"]


class Settings(BaseModel):
    """The emulator's settings; each may be changed while it runs."""

    model_config = ConfigDict(
        extra="forbid", validate_assignment=True, use_attribute_docstrings=True
    )

    clock_offset: float = 0.0
    """Seconds that the server's clock is ahead of this machine's."""
    crash_after: NonNegativeFloat = 300.0
    """Seconds without a heartbeat after which a live run counts as crashed."""
    latency: NonNegativeFloat = 0.0
    """Seconds to wait before each answer to a client."""
    heartbeat_on_write: bool = False
    """Whether a summary written through the API moves heartbeatAt."""
    summary_keys: SummaryKeys = SummaryKeys.FLAT
    """How ``summaryMetrics(keys:)`` reads a key with a dot in it: as a top-level key, as a path in
    a nested object, or not at all (the argument is unknown to the server)."""
    summary_write: Literal["replace", "merge"] = "replace"
    """Whether a summary written through the API replaces the old one or is merged into it."""
    max_page: PositiveInt | None = None
    """The largest page of runs; None is no limit."""
    max_page_action: Literal["error", "cut"] = "error"
    """What happens to a request for a larger page: an error, or a page that is cut."""
    max_answer_bytes: PositiveInt | None = None
    """Answers larger than this become HTTP 413; None is no limit."""
    users: dict[str, str] | None = None
    """User names by API key. None: every well-formed key is a separate user."""
    permissions: dict[str, dict[str, Access]] = Field(default_factory=dict)
    """Access by user and entity; ``*`` is every other user or entity. Default: write."""

    def access(self, user: str, entity: str) -> Access:
        """The user's access to the entity's projects."""
        for name in (user, "*"):
            rights = self.permissions.get(name, {})
            for place in (entity, "*"):
                if place in rights:
                    return rights[place]
        return "write"
