"""Keeps secrets out of what is logged and printed."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

MASK = "***"

_SECRET_VARIABLES = ("WANDB_API_KEY",)
_SHORTEST_SECRET = 8
"""A shorter value is no key, and masking it would garble every other word."""

_PATTERNS = (
    # user and password in an address; the host stays readable
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@\"']+@", re.IGNORECASE), rf"\1{MASK}@"),
    # a header, or its value alone
    (
        re.compile(
            r"(authorization[\"']?\s*[:=]\s*[\"']?)(?:(?:basic|bearer)\s+)?[^\s\"',}]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"\b(basic|bearer)\s+[a-z0-9+/=._~-]{16,}", re.IGNORECASE), rf"\1 {MASK}"),
    # W&B's API keys, old and new, and those of servers of one's own
    (re.compile(r"(?<![0-9a-zA-Z])(?:local-)?[0-9a-f]{40}(?![0-9a-zA-Z])"), MASK),
    (re.compile(r"\bwandb_v\d+_[A-Za-z0-9_-]{16,}"), MASK),
    # an identity token (JWT)
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
)


class Redactor:
    """Masks the secrets that the environment holds, and all that looks like one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        keys = [environ.get(name, "").strip() for name in _SECRET_VARIABLES]
        long_enough = [key for key in keys if len(key) >= _SHORTEST_SECRET]
        encoded = [base64.b64encode(f"api:{key}".encode()).decode() for key in long_enough]
        self._known = (*encoded, *long_enough)

    def __call__(self, text: str) -> str:
        """The text with every secret in it masked."""
        for secret in self._known:
            text = text.replace(secret, MASK)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text
