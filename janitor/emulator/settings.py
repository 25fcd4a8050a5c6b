"""How the emulator behaves, as far as it can be chosen."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt


class SummaryKeys(StrEnum):
    """How ``summaryMetrics(keys:)`` reads a key with a dot in it."""

    FLAT = "flat"
    """It names a top-level key (the default)."""
    NESTED = "nested"
    """It names a place in a nested object, and never a top-level key with a dot in its name."""
    REFUSE = "refuse"
    """The server does not know the argument: a validation error."""


Access = Literal["none", "read", "write"]


class Settings(BaseModel):
    """The emulator's settings; each may be changed while it runs."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    clock_offset: float = 0.0
    """Seconds that the server's clock is ahead of this machine's."""
    crash_after: NonNegativeFloat = 300.0
    """Seconds without a heartbeat after which a live run is called crashed."""
    latency: NonNegativeFloat = 0.0
    """Seconds to wait before each answer to a client."""
    heartbeat_on_write: bool = False
    """Whether a summary written through the API moves heartbeatAt."""
    summary_keys: SummaryKeys = SummaryKeys.FLAT
    """How ``summaryMetrics(keys:)`` reads a key with a dot in it."""
    summary_write: Literal["replace", "merge"] = "replace"
    """Whether a summary written through the API replaces the old one or is merged into it."""
    max_page: PositiveInt | None = None
    """The largest page of runs; None is no limit."""
    max_page_action: Literal["error", "cut"] = "error"
    """What happens to a request for a larger page."""
    max_answer_bytes: PositiveInt | None = None
    """Answers larger than this become HTTP 413; None is no limit."""
    users: dict[str, str] | None = None
    """API key → user name. None: every well-formed key is a user of its own."""
    permissions: dict[str, dict[str, Access]] = Field(default_factory=dict)
    """User → entity → access, ``*`` standing for every other user or entity; default: write."""

    def access(self, user: str, entity: str) -> Access:
        """What the user may do with the entity's projects."""
        for name in (user, "*"):
            rights = self.permissions.get(name, {})
            for place in (entity, "*"):
                if place in rights:
                    return rights[place]
        return "write"
