"""A fingerprint of a configuration. Equal configurations have equal fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from janitor.storage import strict_json


def config_hash(config: Mapping[str, Any] | BaseModel) -> str:
    """The SHA-256 of the configuration's canonical JSON, as 64 hexadecimal digits.

    Canonical JSON is that of :mod:`janitor.storage.strict_json` (ASCII, ``", "`` and ``": "``
    between its parts, numbers that are not finite as ``{"$number": …}``), with the keys of every
    object in the order of their code points, and every number that is whole written without a
    fraction. So the order of keys does not count, nor whether a list is a tuple, nor ``1.0`` for
    ``1``; but ``True`` is not ``1``, ``"1"`` is not ``1``, and the order of a list counts. The
    rules are part of the file format: they do not change.

    Raises:
        ValueError: the configuration holds something that JSON cannot say, or is nested too deeply.

    """
    plain = config.model_dump(mode="json") if isinstance(config, BaseModel) else config
    try:
        text = strict_json.dumps(_canonical(plain))
    except RecursionError as error:
        raise ValueError("the configuration is nested too deeply") from error
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"a key of a configuration is text, not {key!r:.40}")  # noqa: TRY004 - the configuration's fault, not the caller's type
        return {key: _canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
