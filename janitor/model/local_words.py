"""The words that stores on this machine use for our states, as people see them in their files."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_EXPERIMENTS: Final = {
    "initializing": "initialised",
    "evaluating": "completed",
    "success": "aggregated",
    "failure": "failed",
    "timeout": "interrupted",
    "crashed": "interrupted",
    "cancelled": "interrupted",
}
_TASKS: Final = {
    "initializing": "pending",
    "running": "assigned",
    "evaluating": "assigned",
    "success": "completed",
    "failure": "failed",
    "timeout": "failed",
    "crashed": "failed",
    "cancelled": "failed",
}
LOCAL_WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"experiments:": MappingProxyType(_EXPERIMENTS), "tasks:": MappingProxyType(_TASKS)}
)
"""The scheme of a store → our state → the store's word, if it is another one."""


def local_word(path: str, state: str) -> str:
    """The word for a state of the run at this path, in the run's own store."""
    return LOCAL_WORDS.get(path.partition("/")[0], {}).get(state, state)
