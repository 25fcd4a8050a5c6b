"""The logger of the training side. Its messages appear between a training's own: they say whose."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any


class _Prefixed(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, Any]:
        return f"janitor: {msg}", kwargs


logger = _Prefixed(logging.getLogger("janitor.lifecycle"))
