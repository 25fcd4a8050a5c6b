"""What the sections of a sweep file have in common, and how they refuse a word."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from janitor.config.durations import parse_positive_duration
from janitor.model.wording import did_you_mean, either, quoted


def _seconds(value: Any) -> float:
    return parse_positive_duration(value).total_seconds()


Seconds = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": ["string", "number"]})
]


class Section(BaseModel):
    """A section of the file. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def one_of(value: Any, known: tuple[str, ...], later: tuple[str, ...], what: str) -> Any:
    """The value if it is known.

    Raises:
        ValueError: it is not; the message says what is.

    """
    if value in known:
        return value
    if value in later:
        raise ValueError(f"{value} is not available in this version; use {either(known)}")
    raise ValueError(
        f"is a {what}: {either(known)}, not {quoted(value)}{did_you_mean(value, known)}"
    )
