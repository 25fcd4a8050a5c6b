"""A :class:`~janitor.model.Policy` as a plan carries it; durations in seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Annotated, Any, Final, LiteralString

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    WrapSerializer,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from janitor.config.durations import LONGEST
from janitor.model import OVERRIDABLE, Policy
from janitor.model.setting import DURATIONS

IN_A_PLAN: Final = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float")
"""For the model that holds the policy: its durations are written as seconds."""

_FROM_THE_START: Final = (
    "namespace",
    "objective",
    "vocabulary",
    "heartbeat_timeout",
    "evaluation_timeout",
    "settle",
    "crash_grace",
    "future_tolerance",
    "disabled_rules",
)
"""What every plan has carried. A plan from before a later setting was made without it: the default
holds."""


def _grouped(policy: Any) -> Any:
    """The settings of each override together, which a plan has beside its target."""
    if not isinstance(policy, Mapping):
        return policy
    if missing := [name for name in _FROM_THE_START if name not in policy]:
        wrong = [InitErrorDetails(type="missing", loc=(name,), input=policy) for name in missing]
        raise ValidationError.from_exception_data("Policy", wrong)
    if not isinstance(policy.get("overrides"), list):
        return policy
    overrides = [dict(each) if isinstance(each, Mapping) else each for each in policy["overrides"]]
    for each in overrides:
        if isinstance(each, dict):
            given = {name: each.pop(name) for name in OVERRIDABLE if name in each}
            each["settings"] = {name: it for name, it in given.items() if it is not None}
    return {**policy, "overrides": overrides}


def _flat(policy: Policy, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
    """The policy in the form of a plan, the same on each occasion."""
    written: dict[str, Any] = write(policy)
    for part in (written, *written["overrides"]):
        part["disabled_rules"] = sorted(part["disabled_rules"])
    for each in written["overrides"]:
        each.update(each.pop("settings"))
    return written


def _checked(policy: Policy) -> Policy:
    wrong = [
        InitErrorDetails(type=PydanticCustomError("setting", problem), loc=location, input=value)
        for location, value, is_duration in _values(policy)
        if (problem := _problem(value, is_duration=is_duration))
    ]
    if wrong:
        raise ValidationError.from_exception_data("Policy", wrong)
    return policy


def _problem(value: Any, *, is_duration: bool) -> LiteralString:
    if not is_duration:
        return "" if isinstance(value, str) else "must be a text"
    is_one = isinstance(value, timedelta) and timedelta(0) <= value <= LONGEST
    return "" if is_one else "must be from 0 seconds to ten years"


def _values(policy: Policy) -> Iterator[tuple[tuple[str | int, ...], Any, bool]]:
    """Where the types of the policy allow too much: the place, the value, is it a duration."""
    for part, place in ((policy, ()), (policy.ignore, ("ignore",))):
        for field in fields(part):
            value = getattr(part, field.name)
            if isinstance(value, timedelta):
                yield (*place, field.name), value, True
    for index, each in enumerate(policy.overrides):
        for name, value in each.settings.items():
            yield ("overrides", index, name), value, OVERRIDABLE[name].kind in DURATIONS


PlannedPolicy = Annotated[
    Policy, BeforeValidator(_grouped), AfterValidator(_checked), WrapSerializer(_flat)
]
"""The policy under which a plan was made."""
