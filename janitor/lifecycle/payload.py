"""What is written under the namespace when a run's state changes. Pure."""

from __future__ import annotations

import math
import traceback
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from janitor.model import SweepRunState
from janitor.model.summary import ABSENT

TRACES = ("error", "error_traceback", "completion_time", "failure_time")
"""Names that only a terminal state has; they are removed when the run is reopened."""
LONGEST_TEXT = 4096
"""Bytes kept of an error's message (its beginning) and of a traceback (its end)."""


def of_state(state: SweepRunState, now: datetime, runtime: float | None) -> dict[str, Any]:
    """The names that every state has; ``runtime`` is in seconds.

    An open state shows that the run is alive, so it sets ``heartbeat`` too.
    """
    moment = now.isoformat()
    names: dict[str, Any] = {"state": state.value, "last_update": moment}
    if runtime is not None:
        names["runtime_seconds"] = round(runtime, 3)
    if state.is_open:
        names["heartbeat"] = moment
    elif state is SweepRunState.SUCCESS:
        names["completion_time"] = moment
    else:
        names["failure_time"] = moment
    return names


def of_reopening() -> dict[str, Any]:
    """The removal of what a terminal state left, including the janitor's metadata."""
    return dict.fromkeys((*TRACES, "janitor"), ABSENT)


def of_error(error: str | BaseException | None) -> dict[str, str]:
    """``error``; for an exception as "Type: message", with ``error_traceback``, its last 4 kB."""
    if error is None:
        return {}
    if isinstance(error, BaseException):
        return {"error": describe(error), "error_traceback": _traceback(error)}
    return {"error": text(error)}


def describe(exception: BaseException) -> str:
    """An exception as "Type: message"; only its type if there is no message."""
    name, message = type(exception).__name__, text(exception)
    return f"{name}: {message}" if message else name


def text(value: Any) -> str:
    """The text of any value, cut at 4 kB, also if its ``__str__`` fails."""
    try:
        words = str(value)
    except Exception as error:  # noqa: BLE001 - anybody's code
        words = f"(a {type(value).__name__} whose text cannot be read: {type(error).__name__})"
    return words.encode("utf-8", "replace")[:LONGEST_TEXT].decode("utf-8", "ignore")


def _traceback(exception: BaseException) -> str:
    try:
        words = "".join(traceback.format_exception(exception))
    except Exception as error:  # noqa: BLE001 - a broken __str__ or __cause__
        return f"(the traceback cannot be read: {describe(error)})"
    return words.encode("utf-8", "replace")[-LONGEST_TEXT:].decode("utf-8", "ignore")


def plain(value: Any) -> Any:
    """A value as JSON: numbers from numpy and tensors, values of enums, ISO times.

    Anything else is returned unchanged, for wandb to encode.
    """
    match value:
        case Enum():
            return plain(value.value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
    return _single(value)


def _single(value: Any) -> Any:
    """The number in a NumPy scalar, a tensor or an array of one element, as wandb reads it too."""
    try:
        return value.item() if hasattr(value, "ndim") else value
    except Exception:  # noqa: BLE001 - it has several elements, or its device is gone
        return value


def is_finite_number(value: Any) -> bool:
    """Whether a value can be an objective: a number, not a boolean, not infinite, not NaN."""
    if isinstance(value, bool):
        return False
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # an integer beyond any float is finite
        return True
