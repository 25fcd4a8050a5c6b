"""Types of settings whose error messages say what is allowed.

A message follows the setting's name: "must be a whole number ≥ 0, not 'many'".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from janitor.model import SweepRunState
from janitor.model.shards import Shard
from janitor.model.wording import did_you_mean, either, quoted
from janitor.rules import RULE_IDS


def _expected(what: str) -> WrapValidator:
    """Refuse what pydantic refuses, and booleans, with ``must be {what}``."""

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        if not isinstance(value, bool):
            try:
                return handler(value)
            except ValidationError:
                pass
        raise ValueError(f"must be {what}, not {quoted(value)}")

    return WrapValidator(validate)


WholeNumber = Annotated[int, Field(ge=0), _expected("a whole number ≥ 0")]
Count = Annotated[int, Field(ge=1), _expected("a whole number ≥ 1")]
Percent = Annotated[
    float, Field(ge=0, le=100, allow_inf_nan=False), _expected("a number from 0 to 100")
]
Text = Annotated[str, Field(pattern=r"\S"), _expected("a text that is not empty")]


def _read_switch(value: Any) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    meant = words.get(str(value).lower())
    if meant is None:
        raise ValueError(f"must be true or false, not {quoted(value)}")
    return meant


Switch = Annotated[bool, BeforeValidator(_read_switch)]
"""True or false; also yes, on, 1, no, off, 0, for environment variables."""


def _check_namespace(value: str) -> str:
    if not all(value.split(".")) or any(char.isspace() for char in value):
        raise ValueError(f"must be a name without spaces or empty parts, not {quoted(value)}")
    return value


Namespace = Annotated[Text, AfterValidator(_check_namespace)]
"""The prefix of the janitor's keys in a summary."""


def _to_path(value: Any) -> str:
    text = str(value) if isinstance(value, Path) else value
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise ValueError(f"must be a path, not {quoted(value)}")
    try:
        return str(Path(text).expanduser())
    except RuntimeError as error:
        raise ValueError(f"names the home of an unknown user: {quoted(text)}") from error


def _to_list(value: Any) -> Any:
    if isinstance(value, str | Path):
        return [value]
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a text or a list of texts, not {quoted(value)}")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


_SHARD = r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*"


def _read_shard(value: Any) -> Shard:
    if isinstance(value, Shard):
        return value
    parts = re.fullmatch(_SHARD, value) if isinstance(value, str) else None
    if parts:
        index, count = map(int, parts.groups())
        if 1 <= index <= count:
            return Shard(index, count)
    raise ValueError(f"must be K/N, with K from 1 to N, not {quoted(value)}")


ShardOfAll = Annotated[
    Shard,
    BeforeValidator(_read_shard),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_SHARD}$"}),
]
"""A shard of the sweeps: K/N."""


FilePath = Annotated[Path, BeforeValidator(_to_path)]
"""A path. ``~`` is the user's home; a relative path starts at the working directory."""

_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

FilePaths = Annotated[tuple[FilePath, ...], BeforeValidator(_to_list), WithJsonSchema(_TEXTS)]


Patterns = Annotated[
    tuple[Text, ...], BeforeValidator(_to_list), WithJsonSchema({**_TEXTS, "examples": ["exp-*"]})
]
"""Patterns as for file names: ``*`` for any text, ``?`` for one character."""


def _check_rule(value: Any) -> str:
    if value not in RULE_IDS:
        hint = did_you_mean(value, RULE_IDS)
        raise ValueError(
            f"must be the ID of a rule ({either(RULE_IDS)}), not {quoted(value)}{hint}"
        )
    return str(value)


RuleId = Annotated[
    str, BeforeValidator(_check_rule), WithJsonSchema({"type": "string", "enum": list(RULE_IDS)})
]
_RULE_ID = {"type": "string", "enum": list(RULE_IDS)}
RuleIds = Annotated[
    tuple[RuleId, ...],
    BeforeValidator(_to_list),
    WithJsonSchema({"anyOf": [_RULE_ID, {"type": "array", "items": _RULE_ID}]}),
]


def _read_vocabulary(value: Any) -> dict[SweepRunState, str]:
    if not isinstance(value, Mapping):
        raise ValueError(f"must map states to state names, not be {quoted(value)}")  # noqa: TRY004 - pydantic collects ValueErrors
    words = dict(_read_words(value))
    meanings: dict[str, list[SweepRunState]] = {"failed": [SweepRunState.FAILURE]}
    for state in SweepRunState:
        meanings.setdefault(words.get(state, state.value), []).append(state)
    for word, states in meanings.items():
        if len({state.is_open for state in states}) > 1:
            shared = " and ".join(dict.fromkeys(states))
            raise ValueError(
                f"gives the name {quoted(word)} to {shared}, so open runs could not be"
                " distinguished from ended ones: choose another name"
            )
    return words


def _read_words(value: Mapping[Any, Any]) -> Iterator[tuple[SweepRunState, str]]:
    states = tuple(state.value for state in SweepRunState)
    for state, word in value.items():
        if state not in states:
            hint = did_you_mean(state, states)
            raise ValueError(
                f"has an unknown state {quoted(state)}: the states are {either(states)}{hint}"
            )
        if not isinstance(word, str) or not word.strip():
            raise ValueError(
                f"must give {state} a name, a text that is not empty, not {quoted(word)}"
            )
        yield SweepRunState(state), word.strip()


_STATE_WORDS = {
    "type": "object",
    "properties": {state.value: {"type": "string", "pattern": r"\S"} for state in SweepRunState},
    "additionalProperties": False,
}

Vocabulary = Annotated[
    dict[SweepRunState, str],
    BeforeValidator(_read_vocabulary),
    PlainSerializer(dict, return_type=dict[str, str], when_used="json"),
    WithJsonSchema(_STATE_WORDS),
]
"""State → the name that other readers of the sweep use."""
