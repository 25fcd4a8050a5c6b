"""What training and evaluation code imports so that its runs record their own state.

It needs only the standard library, ``janitor.model`` and the wandb that the caller has imported:
training environments are crowded. The names are loaded on first use, so that the worker of a sweep
(:mod:`janitor.lifecycle.trial`) starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from janitor.lifecycle.clock import Clock
    from janitor.lifecycle.decorator import tracked
    from janitor.lifecycle.manager import RobustSweepStateManager
    from janitor.lifecycle.states import IllegalMoveError
    from janitor.model import SweepRunState

__all__ = ["Clock", "IllegalMoveError", "RobustSweepStateManager", "SweepRunState", "tracked"]

_MODULES = {
    "Clock": "janitor.lifecycle.clock",
    "IllegalMoveError": "janitor.lifecycle.states",
    "RobustSweepStateManager": "janitor.lifecycle.manager",
    "SweepRunState": "janitor.model",
    "tracked": "janitor.lifecycle.decorator",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value
