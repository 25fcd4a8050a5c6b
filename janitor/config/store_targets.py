"""Local stores as text: ``experiments:DIR``, ``tasks:FILE``, ``file:DIR``."""

from __future__ import annotations

import os
from typing import Any, Final

from janitor.errors import TargetError
from janitor.model import LOCAL_SCHEMES, LocalTarget
from janitor.model.wording import either, quoted

SHAPE: Final = "experiments:DIR, tasks:FILE or file:DIR"
EXAMPLE: Final = "experiments:.experiment_state"


def parse_store(text: Any) -> LocalTarget:
    """The target that a text names; a relative path starts at the working directory.

    Raises:
        TargetError: the text does not name a local store; one sentence that shows the form.

    """
    scheme, colon, path = text.partition(":") if isinstance(text, str) else ("", "", "")
    if not colon or scheme not in LOCAL_SCHEMES:
        raise _malformed(text, f"does not begin with {either(LOCAL_SCHEMES)} and a colon")
    if not path.strip() or not path.isprintable():
        raise _malformed(text, "names no path")
    place = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - pathlib leaves `..` in
    return LocalTarget(scheme, place)


def _malformed(text: Any, problem: str) -> TargetError:
    return TargetError(f"store {quoted(text)} {problem}: write {SHAPE}, for example {EXAMPLE}")
