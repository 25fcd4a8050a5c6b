"""Names of experiments that are safe as file names."""

from __future__ import annotations

import re
from typing import Any, Final

from janitor.errors import InvalidExperimentIdError

LONGEST: Final = 128
"""Characters. A file name may have 255, and the name of a damaged file gets a time added."""

_SAFE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_RESERVED: Final = frozenset(
    ["CON", "PRN", "AUX", "NUL"]
    + [f"{port}{number}" for port in ("COM", "LPT") for number in range(10)]
)
"""Names that Windows treats as devices, also before a dot."""


def sanitize_experiment_id(experiment_id: Any) -> str:
    """The id, if it is safe as a file name on every system. It is never changed.

    ASCII letters and digits, ``.``, ``_`` and ``-``, at most 128, beginning with a letter, a digit
    or ``_``. This excludes paths, ``..``, NUL, hidden files and device names of Windows.

    Raises:
        InvalidExperimentIdError: it is not safe; this is also a ValueError.

    """
    if not isinstance(experiment_id, str):
        raise _invalid(experiment_id, "it is not text")
    if not experiment_id:
        raise _invalid(experiment_id, "it is empty")
    if len(experiment_id) > LONGEST:
        raise _invalid(experiment_id, f"it has more than {LONGEST} characters")
    if "/" in experiment_id or "\\" in experiment_id:
        raise _invalid(experiment_id, "it is a path")
    if _SAFE.fullmatch(experiment_id) is None:
        raise _invalid(experiment_id, "only letters, digits, '.', '_' and '-' are allowed")
    if experiment_id.endswith("."):
        raise _invalid(experiment_id, "it ends with a dot")
    if experiment_id.split(".")[0].upper() in _RESERVED:
        raise _invalid(experiment_id, "the name is reserved")
    return experiment_id


def _invalid(experiment_id: Any, why: str) -> InvalidExperimentIdError:
    return InvalidExperimentIdError(
        f"{experiment_id!r:.60} is not an experiment id: {why}; use an id such as"
        " exp_20240115_123456"
    )
