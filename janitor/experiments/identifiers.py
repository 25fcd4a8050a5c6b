"""Names of experiments that are safe to make file names of."""

from __future__ import annotations

import re
from typing import Any, Final

from janitor.errors import InvalidExperimentIdError

LONGEST: Final = 128
"""Characters. A file name holds 255, and a damaged file's has a time behind it."""

_SAFE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_RESERVED: Final = frozenset(
    ["CON", "PRN", "AUX", "NUL"]
    + [f"{port}{number}" for port in ("COM", "LPT") for number in range(10)]
)
"""Names that Windows takes for devices, also before a dot."""


def sanitize_experiment_id(experiment_id: Any) -> str:
    """The id, if it is safe as a file's name on every system; it is never changed into another.

    Letters and digits of ASCII, ``.``, ``_`` and ``-``, at most 128, the first of them a letter,
    a digit or ``_``. So no path, no ``..``, no NUL, no hidden file, no device of Windows.

    Raises:
        InvalidExperimentIdError: it is not; also a ValueError.

    """
    if not isinstance(experiment_id, str):
        raise _invalid(experiment_id, "it is no text")
    if not experiment_id:
        raise _invalid(experiment_id, "it is empty")
    if len(experiment_id) > LONGEST:
        raise _invalid(experiment_id, f"it has more than {LONGEST} characters")
    if "/" in experiment_id or "\\" in experiment_id:
        raise _invalid(experiment_id, "it is a path")
    if _SAFE.fullmatch(experiment_id) is None:
        raise _invalid(experiment_id, "only letters, digits, '.', '_' and '-' may stand in it")
    if experiment_id.endswith("."):
        raise _invalid(experiment_id, "it ends with a dot")
    if experiment_id.split(".")[0].upper() in _RESERVED:
        raise _invalid(experiment_id, "the name is reserved")
    return experiment_id


def _invalid(experiment_id: Any, why: str) -> InvalidExperimentIdError:
    return InvalidExperimentIdError(
        f"{experiment_id!r:.60} is no experiment's id: {why}; an id looks like exp_20240115_123456"
    )
