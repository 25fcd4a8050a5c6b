"""Reading JSON from outside, and saying what is wrong with it in one sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError


class MalformedError(ValueError):
    """Input from outside cannot be read; the message is one sentence."""


def read_json_bytes(raw: bytes) -> Any:
    """The value of a request's body; an empty object for an empty body. Raises MalformedError."""
    if not raw.strip():
        return {}
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise MalformedError("the JSON is nested too deeply") from error
    except ValueError as error:
        raise MalformedError(f"the body is not JSON: {error}") from error


def describe(error: ValidationError) -> str:
    """The first problem of a pydantic error in one sentence, and how many more there are."""
    problems = error.errors(include_url=False)
    sentence = _sentence(problems[0])
    return sentence if len(problems) == 1 else f"{sentence} (and {len(problems) - 1} more)"


def _sentence(problem: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    context = problem.get("ctx", {})
    match problem["type"]:
        case "extra_forbidden":
            message = "unknown field"
        case "no_such_attribute":
            message = "unknown setting"
        case "missing":
            message = "required field is missing"
        case "union_tag_not_found":
            message = f"{context['discriminator']} is missing"
        case "union_tag_invalid":
            message = f"unknown {context['discriminator']} {context['tag']!r}; "
            message += f"use one of {context['expected_tags']}"
        case "dict_type" | "model_type" | "model_attributes_type":
            message = "must be a JSON object"
        case "list_type":
            message = "must be a list"
        case _:
            message = _lower(str(problem["msg"]))
    return f"{place}: {message}" if place else message


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return message[:1].lower() + message[1:]
