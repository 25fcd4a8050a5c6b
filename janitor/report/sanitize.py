"""Makes text from runs, which is untrusted, safe to display."""

from __future__ import annotations

import re
from typing import Final

_TRICKS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029"  # control characters: escape sequences, line ends
    "\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c"  # change the reading direction
    "\ufeff\ud800-\udfff]"  # the byte order mark; halves of surrogate pairs
)
_WEB_PAGE: Final = re.compile(r"https?://[!-~]+")


def visible(text: str, limit: int | None = None) -> str:
    r"""The text on one line, with control characters in the form ``\x1b``.

    At most ``limit`` characters of the text are used.
    """
    if limit is not None and len(text) > limit:
        text = f"{text[: limit - 1]}…"
    return _TRICKS.sub(lambda match: _shown(match[0]), text)


def web_page(url: str | None) -> str | None:
    """The address, if it is safe to link to: HTTP or HTTPS, and ASCII only."""
    return url if url is not None and _WEB_PAGE.fullmatch(url) else None


def _shown(character: str) -> str:
    return _NAMED.get(character) or ascii(character)[1:-1]


_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
