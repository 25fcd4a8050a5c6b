"""Types of settings that are addresses of other services. Secrets in them are never shown."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, PlainSerializer, SecretStr, WithJsonSchema

from janitor.model.wording import did_you_mean, either, quoted

MASK: Final = "***"
OCCASIONS: Final = ("changes", "brake", "failure", "always")
"""When a notification can be sent."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LOGIN: Final = re.compile(r"(?<=://)[^/@]*@")


def _to_web_address(value: Any) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        is_one = parts is not None and parts.scheme in {"http", "https"} and parts.hostname
        if is_one and parts is not None and (parts.port is None or parts.port > 0):
            return str(value).strip()
    except ValueError:  # an invalid port, or an unclosed bracket
        pass
    shown = quoted(without_login(value)) if isinstance(value, str) else quoted(value)
    raise ValueError(f"must be a URL such as http://localhost:9091, not {shown}")


def without_login(address: str) -> str:
    """The address with its user and password masked."""
    return _LOGIN.sub(f"{MASK}@", address)


WebAddress = Annotated[
    str,
    BeforeValidator(_to_web_address),
    PlainSerializer(without_login, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "uri"}),
]
"""An http or https URL; a user and a password in it are not shown."""


def _to_messenger(value: Any) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str) or not _SCHEME.match(value.strip()):
        raise ValueError("must be an Apprise URL, such as slack://… or mailto://…")
    return SecretStr(value.strip())


def kind_of_messenger(address: SecretStr) -> str:
    """The part of a notification URL that can be shown: ``slack://***``."""
    found = _SCHEME.match(address.get_secret_value())
    return f"{found[0] if found else ''}{MASK}"


def _to_list(value: Any) -> Any:
    if isinstance(value, str | SecretStr):
        return [value]
    if not isinstance(value, list | tuple):
        raise ValueError("must be a URL or a list of URLs")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

Messengers = Annotated[
    tuple[
        Annotated[
            SecretStr,
            BeforeValidator(_to_messenger),
            PlainSerializer(kind_of_messenger, return_type=str, when_used="json"),
        ],
        ...,
    ],
    BeforeValidator(_to_list),
    WithJsonSchema(_TEXTS),
]
"""URLs to send notifications to. They contain tokens and passwords, so none is shown."""


def _to_occasions(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not given:
        raise ValueError(f"must be {either(OCCASIONS)}, or a list of them, not {quoted(value)}")
    for each in given:
        if each not in OCCASIONS:
            hint = did_you_mean(each, OCCASIONS)
            raise ValueError(f"must be {either(OCCASIONS)}, not {quoted(each)}{hint}")
    return tuple(dict.fromkeys(given))


_CHOICE = {"type": "string", "enum": list(OCCASIONS)}

Occasions = Annotated[
    tuple[str, ...],
    BeforeValidator(_to_occasions),
    WithJsonSchema({"anyOf": [_CHOICE, {"type": "array", "items": _CHOICE}]}),
]
"""When to send a notification."""


def _to_junit_word(value: Any) -> Any:
    if value not in {"failure", "pass"}:
        raise ValueError(f"must be failure or pass, not {quoted(value)}")
    return value


JunitWord = Annotated[
    Literal["failure", "pass"],
    BeforeValidator(_to_junit_word),
    WithJsonSchema({"type": "string", "enum": ["failure", "pass"]}),
]
"""How a repaired run appears in JUnit XML."""
