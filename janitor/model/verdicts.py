"""The answers of rules about a run, and the outcomes of changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from janitor.model.states import SweepRunState


@dataclass(frozen=True, slots=True)
class Change:
    """A rule's proposal: the run gets the state ``to``."""

    rule: str
    to: SweepRunState
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The run is left unchanged, and why."""

    rule: str
    """The rule that held it; "none" if no rule matched."""
    reason: str


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing to do: the run's state is terminal, or it is a task that waits for a worker."""


@dataclass(frozen=True, slots=True)
class Untracked:
    """The run has no state under our namespace: the janitor ignores it."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A rule does not match this run, and why; the next rule is asked."""

    reason: str


Verdict = Change | Hold | Clean | Untracked


class Outcome(StrEnum):
    """The outcome of a change."""

    WRITTEN = "written"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    PLANNED = "planned"
