"""Own rules in the file; each is checked when it is read."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from janitor.config.fields import Text
from janitor.config.section import Section
from janitor.model import OwnRule, SweepRunState
from janitor.model.wording import either, quoted
from janitor.rules import RULE_IDS
from janitor.rules.custom.check import check_expression

_TERMINAL = tuple(state.value for state in SweepRunState if not state.is_open)
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def _read_id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(
            f"must be lower-case letters and digits, separated by dashes, not {quoted(value)}"
        )
    if value in RULE_IDS or value == "none":
        raise ValueError(f"is {quoted(value)}, which is a built-in rule: choose another")
    return value


def _read_state(value: Any) -> SweepRunState:
    if value not in _TERMINAL:
        raise ValueError(f"must be a terminal state, {either(_TERMINAL)},"
                         f" not {quoted(value)}")  # fmt: skip
    return SweepRunState(value)


OwnRuleId = Annotated[
    str,
    BeforeValidator(_read_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_ID.pattern}$"}),
]
TerminalState = Annotated[
    SweepRunState,
    BeforeValidator(_read_state),
    WithJsonSchema({"type": "string", "enum": list(_TERMINAL)}),
]

_checked = lru_cache(maxsize=256)(check_expression)


class OwnRuleSettings(Section):
    """A rule of your own, for open runs that no built-in rule matches."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: OwnRuleId
    """The rule's name in reports and in the runs that it changed, such as stuck-in-setup."""
    when: Text
    """A condition in CEL (needs the extra cel) over run and now, for example
    run.wandb_state == "finished" && run.age > duration("6h"). The fields of run: id, path, name,
    entity, project, sweep, group, tags, wandb_state, ended, state, age, last_alive, created_at,
    heartbeat_at, history_lines, objective, summary (keys by name, as in run.summary.loss). A
    missing value is null. Comparing null with < or >, or reading a missing summary key, is an
    error and holds the run: write run.sweep != null && …, has(run.summary.loss) && …"""
    becomes: TerminalState
    """The state that the run gets: a terminal state."""
    reason: Text
    """Why, as a sentence for users."""

    @model_validator(mode="after")
    def _check_condition(self) -> Self:
        try:
            _checked(self.when)
        except ValueError as error:
            raise ValueError(f"({self.id}): its condition cannot be used: {error}") from error
        return self

    @property
    def rule(self) -> OwnRule:
        """For the policy."""
        return OwnRule(self.id, self.when, self.becomes, self.reason)


def _each_once(rules: tuple[OwnRuleSettings, ...]) -> tuple[OwnRuleSettings, ...]:
    ids = [rule.id for rule in rules]
    twice = next((rule_id for rule_id in ids if ids.count(rule_id) > 1), None)
    if twice is not None:
        raise ValueError(f"has two rules with the id {quoted(twice)}")
    return rules


def _as_given(rules: tuple[OwnRuleSettings, ...]) -> list[dict[str, str]]:
    return [rule.model_dump(mode="json") for rule in rules]


OwnRules = Annotated[
    tuple[OwnRuleSettings, ...],
    AfterValidator(_each_once),
    PlainSerializer(_as_given, return_type=list[dict[str, str]], when_used="json"),
]
