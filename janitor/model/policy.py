"""What the rules are given, and a plan carries. The settings among it are declared here, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from janitor.model.outages import Outage
from janitor.model.setting import (
    DURATION,
    DURATIONS,
    KEY,
    NAMESPACE,
    OPT_IN,
    PATTERNS,
    POSITIVE_DURATION,
    VOCABULARY,
    setting,
    settings_of,
    table,
)
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
    """Runs that are always held, like every run with the tag janitor:ignore."""

    tags: tuple[str, ...] = setting(
        (), PATTERNS, "Patterns of tags, such as debug or exp-*.", name="ignore_tags"
    )
    names: tuple[str, ...] = setting(
        (), PATTERNS, "Patterns of display names and run IDs, such as test-*.", name="ignore_names"
    )
    older_than: timedelta | None = setting(
        None,
        POSITIVE_DURATION,
        "Runs whose last activity is older than this.",
        name="ignore_older_than",
    )


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The settings that a policy takes over as they are.

    To add a threshold, declare it here. Its flag, variable, key, rule option, key of an override,
    place in a plan and in a report, and its docs follow from the declaration.
    """

    namespace: str = setting(
        "protein",
        NAMESPACE,
        "Prefix of the janitor's keys in a run's summary: NAMESPACE.state and so on.",
        group="policy",
    )
    adopt: bool = setting(
        False,  # noqa: FBT003 - the default of a declared field
        OPT_IN,
        "Also judge runs that have no state, as if they said running: a run that is found to have"
        " ended gets its first state. Without objective, the metric of the sweep counts.",
        group="policy",
    )
    objective: str | None = setting(
        None,
        KEY,
        "The summary key of the objective. Not set: NAMESPACE.objective. auto: that key if it is"
        " recorded; otherwise, for runs that W&B calls finished, the metric that the sweep's own"
        " config names (metric.name).",
        group="policy",
        per_override=True,
    )
    vocabulary: Mapping[SweepRunState, str] = setting(
        {},
        VOCABULARY,
        "The state names that other readers of the sweep use, for reading and writing, as in"
        " {failure: failed}. A state that is not listed keeps its own name.",
    )
    heartbeat_timeout: timedelta = setting(
        timedelta(minutes=30),
        POSITIVE_DURATION,
        "Mark a run as timed out after this long without a heartbeat.",
        group="policy",
        rule="heartbeat-expired",
        per_override=True,
    )
    evaluation_timeout: timedelta | None = setting(
        None,
        POSITIVE_DURATION,
        "The same for runs in state evaluating. Not set: heartbeat_timeout.",
        group="policy",
        rule="heartbeat-expired",
        per_override=True,
    )
    settle: timedelta = setting(
        timedelta(minutes=5),
        DURATION,
        "How long a run that has recorded its objective may take to set its own state.",
        group="policy",
        rule="objective-recorded",
        per_override=True,
    )
    crash_grace: timedelta = setting(
        timedelta(minutes=15),
        DURATION,
        "How long a run that W&B calls crashed, failed or killed may take to resume.",
        group="policy",
        rule="wandb-crashed",
        per_override=True,
    )
    queue_timeout: timedelta | None = setting(
        None,
        POSITIVE_DURATION,
        "How long a run may wait in a queue. Not set: no limit while W&B says pending; 24 hours for"
        " a run that was created and never seen alive, or that was preempted in a sweep.",
        group="policy",
        rule="queue-expired",
        per_override=True,
    )
    finish_timeout: timedelta = setting(
        FINISH_TIMEOUT,
        DURATION,
        "How long, beyond settle, a run with an objective may send nothing but heartbeats before it"
        " counts as a success. At least a day if objective names a key.",
        group="policy",
        rule="objective-recorded",
        per_override=True,
    )
    stale_after: timedelta = setting(
        STALE_AFTER,
        POSITIVE_DURATION,
        "How long a task may be assigned before it is returned to the queue.",
        group="policy",
        rule="stale-assignment",
    )
    ignore: Ignore = table(Ignore, "Runs that are always held.")


@dataclass(frozen=True, slots=True)
class Override:
    """What holds instead of the policy for the runs of one target."""

    target: Target
    settings: Mapping[str, timedelta | str] = field(default_factory=dict)
    """The settings that differ, by name: those declared with ``per_override``."""
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
class Policy(PolicySettings):
    """What the rules are given, and a plan carries: thresholds, state names, summary keys."""

    future_tolerance: timedelta = timedelta(minutes=5)
    """Evidence further ahead than this does not count."""
    disabled_rules: frozenset[str] = frozenset()
    own_rules: tuple[OwnRule, ...] = ()
    """Asked after all others, in this order."""
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


POLICY_SETTINGS: Final = tuple(settings_of(PolicySettings))

OVERRIDABLE: Final = {one.name: one for one in POLICY_SETTINGS if one.per_override}
"""What can be set for the runs of one target, by name."""

THRESHOLDS: Final = tuple(
    one.name for one in POLICY_SETTINGS if one.group and one.kind in DURATIONS
)
"""The durations by which runs are judged."""
