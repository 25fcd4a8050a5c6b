"""A :class:`~janitor.model.Policy` as a plan carries it; durations in seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from janitor.config.durations import LONGEST
from janitor.model import (
    FINISH_TIMEOUT,
    STALE_AFTER,
    Ignore,
    Override,
    OwnRule,
    Policy,
    SweepRunState,
    Target,
    TargetKind,
)


def _to_seconds(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _in_order(value: Any) -> Any:
    return tuple(sorted(value)) if isinstance(value, frozenset) else value


Seconds = Annotated[
    float,
    BeforeValidator(_to_seconds),
    Field(ge=0, le=LONGEST.total_seconds(), allow_inf_nan=False),
]
RuleIds = Annotated[tuple[str, ...], BeforeValidator(_in_order)]

_DURATIONS: Final = frozenset(
    {
        "heartbeat_timeout",
        "evaluation_timeout",
        "settle",
        "crash_grace",
        "queue_timeout",
        "finish_timeout",
        "stale_after",
        "future_tolerance",
        "older_than",
    }
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    def _fields(self) -> dict[str, Any]:
        """The fields as the model of the house has them, but for parts within."""
        fields: dict[str, Any] = dict(self)
        for name, value in fields.items():
            if name in _DURATIONS and value is not None:
                fields[name] = timedelta(seconds=value)
            elif name == "disabled_rules":
                fields[name] = frozenset(value)
        return fields


class PlannedOwnRule(_Part):
    """An own rule."""

    id: str
    when: str
    becomes: SweepRunState
    reason: str


class PlannedIgnore(_Part):
    """Which runs are held whatever the rules say."""

    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    older_than: Seconds | None = None

    def ignore(self) -> Ignore:
        """What was written."""
        return Ignore(**self._fields())


class PlannedTarget(_Part):
    """Whose runs an override is for."""

    kind: TargetKind
    entity: str | None
    project: str
    name: str


class PlannedOverride(_Part):
    """What holds for the runs of one target alone."""

    target: PlannedTarget
    heartbeat_timeout: Seconds | None = None
    evaluation_timeout: Seconds | None = None
    settle: Seconds | None = None
    crash_grace: Seconds | None = None
    objective: str | None = None
    disabled_rules: RuleIds = ()

    def override(self) -> Override:
        """The override that was written."""
        return Override(**self._fields() | {"target": Target(**dict(self.target))})


class PlannedPolicy(_Part):
    """The policy under which a plan was made."""

    namespace: str
    objective: str | None
    vocabulary: dict[SweepRunState, str]
    heartbeat_timeout: Seconds
    evaluation_timeout: Seconds | None
    settle: Seconds
    crash_grace: Seconds
    queue_timeout: Seconds | None = None
    finish_timeout: Seconds = FINISH_TIMEOUT.total_seconds()
    stale_after: Seconds = STALE_AFTER.total_seconds()
    future_tolerance: Seconds
    disabled_rules: RuleIds
    own_rules: tuple[PlannedOwnRule, ...] = ()
    ignore: PlannedIgnore = PlannedIgnore()
    overrides: tuple[PlannedOverride, ...] = ()

    @classmethod
    def of(cls, policy: Policy) -> PlannedPolicy:
        """The policy, to be written."""
        return cls.model_validate(policy)

    def policy(self) -> Policy:
        """The policy that was written."""
        parts = {
            "own_rules": tuple(OwnRule(**dict(rule)) for rule in self.own_rules),
            "ignore": self.ignore.ignore(),
            "overrides": tuple(override.override() for override in self.overrides),
        }
        return Policy(**self._fields() | parts)
