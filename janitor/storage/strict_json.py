"""Strict JSON, from values that JSON cannot hold. Imports nothing from the janitor.

Reports and journals hold values of other people's summaries, and these contain ``Infinity`` and
``NaN``. Written here:

- A number that is not finite is ``{"$number": "Infinity"}``, ``"-Infinity"`` or ``"NaN"``.
- An object of a summary that has ``$number`` or ``$literal`` as its only key would be mistaken
  for one of these two, so it is wrapped: ``{"$literal": {"$number": "NaN"}}``. Only the outer
  object is a sign; the one within is data.
- Characters beyond ASCII are escaped: half a surrogate pair, which JSON allows and UTF-8 does
  not, survives like the rest. So do integers of any size.

``loads(dumps(value))`` is ``value``, except that tuples become lists.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

NUMBER: Final = "$number"
LITERAL: Final = "$literal"

_SIGNS: Final = frozenset({NUMBER, LITERAL})
_NUMBERS: Final = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}
_PLAIN: Final = frozenset({str, int, bool, type(None)})


def dumps(value: Any, *, default: Callable[[Any], Any] | None = None) -> str:
    """The value as one line of strict JSON in ASCII.

    ``default`` turns what JSON does not know (a model, a time) into what it does.

    Raises:
        ValueError: the value is nested too deeply, or holds something that JSON cannot hold.

    """
    try:
        return json.dumps(_encode(value, default), allow_nan=False)
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be written") from error


def loads(text: str | bytes) -> Any:
    """The value that :func:`dumps` wrote.

    Raises:
        ValueError: the text is not valid JSON, is nested too deeply, or misuses ``$number``.

    """
    try:
        value = json.loads(text)
        return _decode(value) if _may_hold_signs(text) else value
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error


def _may_hold_signs(text: str | bytes) -> bool:
    """Whether there is anything to decode; most lines of a journal are plain JSON."""
    if isinstance(text, str):
        return "$" in text or "\\u" in text
    return b"$" in text or b"\\u" in text


def _encode(value: Any, default: Callable[[Any], Any] | None) -> Any:
    if type(value) in _PLAIN or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {NUMBER: _name(value)}
    if isinstance(value, Mapping):
        return _encode_object(value, default)
    if isinstance(value, list | tuple):
        return [_encode(item, default) for item in value]
    if default is None:
        raise ValueError(f"JSON cannot hold a {type(value).__name__}")
    return _encode(default(value), default)


def _encode_object(value: Mapping[Any, Any], default: Callable[[Any], Any] | None) -> Any:
    encoded = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise ValueError(f"a key of a JSON object is text, not {key!r:.40}")  # noqa: TRY004 - callers map one kind of error
        encoded[key] = _encode(item, default)
    return {LITERAL: encoded} if _looks_like_a_sign(encoded) else encoded


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if not _looks_like_a_sign(value):
        return {key: _decode(item) for key, item in value.items()}
    if NUMBER in value:
        return _number(value[NUMBER])
    inner = value[LITERAL]
    if not isinstance(inner, dict):
        raise ValueError(f"{LITERAL} holds an object, not {inner!r:.40}")  # noqa: TRY004 - a malformed text, not a caller's wrong type
    return {key: _decode(item) for key, item in inner.items()}


def _looks_like_a_sign(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and not _SIGNS.isdisjoint(value)


def _number(name: Any) -> float:
    if isinstance(name, str) and name in _NUMBERS:
        return _NUMBERS[name]
    raise ValueError(f"{NUMBER} is one of {', '.join(_NUMBERS)}, not {name!r:.40}")


def _name(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
