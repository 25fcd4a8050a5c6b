"""The policy: what the rules are given, and what a plan contains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from janitor.model.outages import Outage
from janitor.model.states import SweepRunState
from janitor.model.targets import Target

IGNORE_TAG = "janitor:ignore"
"""A run with this tag in W&B is always held."""

STALE_AFTER = timedelta(hours=2)
"""How long a task may be assigned: the design document's "same as normal timeout"."""

NEVER_STARTED = timedelta(hours=24)
"""How long a run that never started, or that was preempted, may wait where no limit is set."""

FINISH_TIMEOUT = timedelta(hours=2)
"""How long the end of a run that recorded its objective may take."""

AUTO = "auto"
"""As a policy's objective: the metric in the sweep's own config, once W&B says finished."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Which runs are always held. Patterns are those of file names: ``exp-*``."""

    tags: tuple[str, ...] = ()
    """Patterns of tags."""
    names: tuple[str, ...] = ()
    """Patterns of display names and of ids."""
    older_than: timedelta | None = None
    """Runs that have been silent for longer."""


@dataclass(frozen=True, slots=True)
class Override:
    """What differs from the policy for the runs of one target; None for no difference."""

    target: Target
    heartbeat_timeout: timedelta | None = None
    evaluation_timeout: timedelta | None = None
    settle: timedelta | None = None
    crash_grace: timedelta | None = None
    objective: str | None = None
    disabled_rules: frozenset[str] = frozenset()
    """In addition to those that the policy disables."""


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A team's own rule: an expression (CEL) over an open run, and the state that the run gets."""

    id: str
    when: str
    becomes: SweepRunState
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules are given: thresholds, state names, and the namespace of our keys."""

    namespace: str = "protein"
    objective: str | None = None
    """The summary key of the objective; None for ``NAMESPACE.objective``; see :data:`AUTO`."""
    vocabulary: Mapping[SweepRunState, str] = field(default_factory=dict)
    """Our state → its name for other readers of the sweep; our own name if it is not here."""
    heartbeat_timeout: timedelta = timedelta(minutes=30)
    evaluation_timeout: timedelta | None = None
    """For evaluating runs; None for the same as ``heartbeat_timeout``."""
    settle: timedelta = timedelta(minutes=5)
    """How long a run that recorded its objective is given to set its own state."""
    crash_grace: timedelta = timedelta(minutes=15)
    """How long a run that W&B calls crashed, failed or killed is given to come back."""
    queue_timeout: timedelta | None = None
    """How long a run may wait in a queue; None for no limit while W&B says pending, and for
    :data:`NEVER_STARTED` otherwise."""
    finish_timeout: timedelta = FINISH_TIMEOUT
    """How long beyond ``settle`` a run that recorded its objective may go on sending heartbeats
    without any other sign of life."""
    stale_after: timedelta = STALE_AFTER
    """How long a task may be assigned before its worker counts as dead."""
    future_tolerance: timedelta = timedelta(minutes=5)
    """Evidence further in the future than this does not count."""
    disabled_rules: frozenset[str] = frozenset()
    own_rules: tuple[OwnRule, ...] = ()
    """Asked after all others, in this order."""
    ignore: Ignore = Ignore()
    overrides: tuple[Override, ...] = ()
    outages: tuple[Outage, ...] = ()
    """Not a setting: the outages that the pass knows of. Their time does not count as silence."""

    @property
    def objective_key(self) -> str:
        """The objective's key in the summary."""
        return self.objective or f"{self.namespace}.objective"

    def within(self, namespace: str) -> Policy:
        """The policy under another namespace."""
        return replace(self, namespace=namespace)

    def word(self, state: SweepRunState) -> str:
        """The name to write for a state."""
        return self.vocabulary.get(state, state.value)

    def timeout(self, state: SweepRunState) -> timedelta:
        """How long a run in this state may be silent."""
        if state is SweepRunState.EVALUATING and self.evaluation_timeout is not None:
            return self.evaluation_timeout
        return self.heartbeat_timeout
