"""What a rule says of a run, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from janitor.model.states import SweepRunState


@dataclass(frozen=True, slots=True)
class Change:
    """A rule's proposal: this run's state is to become ``to``."""

    rule: str
    to: SweepRunState
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The run is left as it is, and why."""

    rule: str
    """The rule that held it; "none" where no rule spoke."""
    reason: str


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing to do: the run's state is terminal, or it is a task that waits for a worker."""


@dataclass(frozen=True, slots=True)
class Untracked:
    """The run has no state under our namespace: it is not ours."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A rule has nothing to say of this run, and why; the next rule is asked."""

    reason: str


Verdict = Change | Hold | Clean | Untracked


class Outcome(StrEnum):
    """What became of a change."""

    WRITTEN = "written"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    PLANNED = "planned"
