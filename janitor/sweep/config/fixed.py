"""What a sweep file cannot change while its sweep runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from janitor.sweep.config.scheduler_settings import SchedulerSection
from janitor.sweep.config.sweep_file import SweepConfig

_FIXED: Final = (
    ("metric", "name"),
    ("metric", "goal"),
    ("metrics",),
    ("janitor", "objective"),
    *(("janitor", "scheduler", name) for name in SchedulerSection.model_fields),
    ("early_terminate",),
    ("janitor", "repeats"),
    ("janitor", "store"),
    ("janitor", "namespace"),
    ("janitor", "evaluation", "at"),
)
"""Settings that a sweep keeps for its whole life."""


def fixed_changes(older: SweepConfig, newer: SweepConfig) -> list[str]:
    """The settings that a sweep cannot change, and that differ in the newer file."""
    one, other = older.model_dump(by_alias=True), newer.model_dump(by_alias=True)
    return [".".join(path) for path in _FIXED if _at(one, path) != _at(other, path)]


def _at(document: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = document
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
